/*
 * A receiver that is killed at the very moment at which its message is written into it: `dying` prints what is on the
 * queue after that. The page that the message goes to is missing, and userfaultfd(2) tells the program when somebody is
 * about to write there. On the kernel's own queues the message is lost so: it left its queue before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

struct message {
  long type;
  char text[100];
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void put(int id, long type, const char *text) {
  struct message message = {.type = type};
  strcpy(message.text, text);
  if (msgsnd(id, &message, strlen(text) + 1, IPC_NOWAIT) != 0) fail("msgsnd");
}

static void *die_when_written_to(void *descriptor) {
  struct uffd_msg event;
  if (read(*(int *)descriptor, &event, sizeof event) != sizeof event) fail("read");
  kill(getpid(), SIGKILL);
  return NULL;
}

/* Receives a message of type 2, and dies of it. */
static void receive(int id) {
  int descriptor = syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {.api = UFFD_API};
  if (descriptor < 0 || ioctl(descriptor, UFFDIO_API, &api) != 0) fail("userfaultfd");
  char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register missing = {{(unsigned long)page, PAGE}, UFFDIO_REGISTER_MODE_MISSING, 0};
  if (ioctl(descriptor, UFFDIO_REGISTER, &missing) != 0) fail("UFFDIO_REGISTER");
  pthread_t thread;
  if (pthread_create(&thread, NULL, die_when_written_to, &descriptor) != 0) fail("pthread_create");
  msgrcv(id, page, PAGE - sizeof(long), 2, 0);
  printf("it lives\n");
  exit(0);
}

/* @param waits Whether the message comes when the receiver waits for it already. */
static void play(int waits) {
  int id = msgget(IPC_PRIVATE, 0600), sent[2];
  if (pipe(sent) != 0) fail("pipe");
  put(id, 1, "first");
  pid_t child = fork();
  if (child == 0) {
    char byte;
    if (!waits && read(sent[0], &byte, 1) != 1) fail("read");
    receive(id);
  }
  /* Whether it waits is for the supervisor to see; too early is the other case. */
  if (waits) usleep(400000);
  put(id, 2, "held");
  put(id, 1, "last");
  if (write(sent[1], "", 1) != 1) fail("write");
  int status;
  waitpid(child, &status, 0);
  printf("%s:", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exited");
  struct message message;
  for (int count = 0; count < 3; count++) {
    if (msgrcv(id, &message, sizeof message.text, 0, IPC_NOWAIT) == -1) printf(" %s", strerror(errno));
    else printf(" %s", message.text);
  }
  printf("\n");
  msgctl(id, IPC_RMID, NULL);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  play(0);
  play(1);
  return 0;
}
