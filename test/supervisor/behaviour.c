/*
 * What a program sees of its calls, line by line: `behaviour SCENE`. Run on the kernel's own queues and under msgq, the
 * lines must be the same. Nothing that differs from run to run is printed: no times, no process numbers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#define PAGE 4096

struct message {
  long type;
  char text[PAGE];
};

/* What was called, and its result or errno. */
static long told(const char *what, long result) {
  if (result == -1) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  return result;
}

static int queue(void) {
  int id = msgget(IPC_PRIVATE, 0600);
  if (id == -1) {
    perror("msgget");
    exit(1);
  }
  return id;
}

static long put(int id, long type, const char *text) {
  struct message message = {.type = type};
  strcpy(message.text, text);
  return msgsnd(id, &message, strlen(text), IPC_NOWAIT);
}

static void take(int id, const char *what, size_t size, long type, int flags) {
  struct message message;
  memset(&message, 0, sizeof message);
  ssize_t length = msgrcv(id, &message, size, type, flags);
  if (told(what, length) != -1) printf("  type %ld, %.*s\n", message.type, (int)length, message.text);
}

static void told_stat(int id) {
  struct msqid_ds stat;
  memset(&stat, 0xff, sizeof stat);
  if (told("IPC_STAT", msgctl(id, IPC_STAT, &stat)) == -1) return;
  printf("  key %#x mode %o uid %d cuid %d gid %d cgid %d\n", stat.msg_perm.__key, stat.msg_perm.mode, stat.msg_perm.uid,
         stat.msg_perm.cuid, stat.msg_perm.gid, stat.msg_perm.cgid);
  printf("  qnum %lu cbytes %lu qbytes %lu\n", (unsigned long)stat.msg_qnum, (unsigned long)stat.__msg_cbytes,
         (unsigned long)stat.msg_qbytes);
  printf("  lspid %s lrpid %s\n", stat.msg_lspid == 0 ? "none" : stat.msg_lspid == getpid() ? "this" : "other",
         stat.msg_lrpid == 0 ? "none" : stat.msg_lrpid == getpid() ? "this" : "other");
  printf("  stime %s rtime %s ctime %s\n", stat.msg_stime ? "set" : "0", stat.msg_rtime ? "set" : "0",
         stat.msg_ctime ? "set" : "0");
}

static void calls(void) {
  told("msgget of no queue", msgget(0x4d534751, 0600));
  int id = msgget(0x4d534751, IPC_CREAT | 0640);
  told("msgget IPC_CREAT is msgget again", msgget(0x4d534751, 0) == id);
  told("msgget IPC_EXCL", msgget(0x4d534751, IPC_CREAT | IPC_EXCL | 0600));
  told_stat(id);
  told("msgsnd type 0", put(id, 0, "none"));
  told("msgsnd type -1", put(id, -1, "none"));
  told("msgsnd", put(id, 5, "five"));
  told("msgsnd", put(id, 3, "three"));
  told("msgsnd", put(id, 5, "five again"));
  told("msgsnd", put(id, LONG_MAX, "far"));
  told_stat(id);
  take(id, "msgrcv too small", 2, 5, IPC_NOWAIT);
  take(id, "msgrcv MSG_COPY 1", 100, 1, IPC_NOWAIT | MSG_COPY);
  take(id, "msgrcv MSG_COPY 9", 100, 9, IPC_NOWAIT | MSG_COPY);
  take(id, "msgrcv MSG_COPY that may wait", 100, 0, MSG_COPY);
  take(id, "msgrcv MSG_COPY MSG_EXCEPT", 100, 0, IPC_NOWAIT | MSG_COPY | MSG_EXCEPT);
  take(id, "msgrcv -4", 100, -4, IPC_NOWAIT);
  take(id, "msgrcv MSG_EXCEPT", 100, 5, IPC_NOWAIT | MSG_EXCEPT);
  take(id, "msgrcv MSG_NOERROR", 6, 0, IPC_NOWAIT | MSG_NOERROR);
  take(id, "msgrcv 4", 100, 4, IPC_NOWAIT);
  take(id, "msgrcv 5", 100, 5, IPC_NOWAIT);
  take(id, "msgrcv empty", 100, 0, IPC_NOWAIT);
  take(id, "msgrcv of 2^31 bytes at most", (size_t)0x7fffffff, 0, IPC_NOWAIT);
  take(id, "msgrcv negative size", (size_t)-1, 0, IPC_NOWAIT);
  take(-1, "msgrcv negative queue", 10, 0, IPC_NOWAIT);
  take(0x7fff0001, "msgrcv no queue", 10, 0, IPC_NOWAIT);
  told("msgsnd no queue", put(0x7fff0001, 1, "x"));
  static struct message longest = {.type = 1};
  static char large[1 << 20];
  *(long *)large = 1;
  told("msgsnd msgmax", msgsnd(id, large, 8192, IPC_NOWAIT));
  told("msgsnd msgmax + 1", msgsnd(id, large, 8193, IPC_NOWAIT));
  told("msgsnd 1,000,000 bytes", msgsnd(id, large, 1000000, IPC_NOWAIT));
  told("msgsnd negative size", msgsnd(id, &longest, (size_t)-5, IPC_NOWAIT));
  told("msgsnd msgmax", msgsnd(id, large, 8192, IPC_NOWAIT));
  told("msgsnd no room", msgsnd(id, large, 1, IPC_NOWAIT));
  told("msgsnd no room for nothing either", msgsnd(id, large, 0, IPC_NOWAIT) == 0 ? 0 : -1);
  struct msqid_ds stat;
  msgctl(id, IPC_STAT, &stat);
  stat.msg_perm.mode = 0604;
  stat.msg_qbytes = 1234;
  told("IPC_SET", msgctl(id, IPC_SET, &stat));
  told_stat(id);
  struct msginfo info;
  memset(&info, 0xff, sizeof info);
  told("IPC_INFO is an index", msgctl(0, IPC_INFO, (struct msqid_ds *)&info) >= 0);
  printf("  %d %d %d %d %d %d %d %d\n", info.msgpool, info.msgmap, info.msgmax, info.msgmnb, info.msgmni, info.msgssz,
         info.msgtql, info.msgseg);
  told("MSG_INFO is an index", msgctl(0, MSG_INFO, (struct msqid_ds *)&info) >= 0);
  printf("  %d %d %d\n", info.msgpool, info.msgmap, info.msgtql);
  told("MSG_STAT is the queue", msgctl(id % 32768, MSG_STAT, &stat) == id);
  told("MSG_STAT_ANY is the queue", msgctl(id % 32768, MSG_STAT_ANY, &stat) == id);
  told("MSG_STAT of no queue", msgctl(9999, MSG_STAT, &stat));
  told("msgctl of no command", msgctl(id, 77, &stat));
  told("msgctl of a negative command", msgctl(id, -1, &stat));
  told("msgctl of a negative queue", msgctl(-1, IPC_STAT, &stat));
  told("IPC_RMID", msgctl(id, IPC_RMID, NULL));
  told("IPC_RMID again", msgctl(id, IPC_RMID, NULL));
  told("IPC_STAT", msgctl(id, IPC_STAT, &stat));
}

static void pointers(void) {
  int id = queue();
  char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(pages + PAGE, PAGE, PROT_NONE);
  mprotect(pages + 2 * PAGE, PAGE, PROT_READ);
  void *nowhere = (void *)8;
  struct message ready = {.type = 1, .text = "abcdefgh"};
  told("msgsnd from nowhere", msgsnd(id, nowhere, 4, IPC_NOWAIT));
  told("msgsnd from nowhere, to no queue", msgsnd(0x7fff0001, nowhere, 4, IPC_NOWAIT));
  told("msgsnd from nowhere, too long", msgsnd(id, nowhere, 9000, IPC_NOWAIT));
  char *straddle = pages + PAGE - sizeof(long) - 4;
  *(long *)straddle = 2;
  told("msgsnd whose text is cut off", msgsnd(id, straddle, 8, IPC_NOWAIT));
  told("msgsnd whose text is cut off, too long", msgsnd(id, straddle, 9000, IPC_NOWAIT));
  *(long *)straddle = -2;
  told("msgsnd whose text is cut off, of a bad type", msgsnd(id, straddle, 8, IPC_NOWAIT));
  *(long *)straddle = 2;
  told("msgsnd that just fits", msgsnd(id, straddle, 4, IPC_NOWAIT));
  told("msgsnd from what is only readable", msgsnd(id, pages + 2 * PAGE, 4, IPC_NOWAIT));
  take(id, "msgrcv", 100, 0, IPC_NOWAIT);
  told("msgsnd", msgsnd(id, &ready, 8, IPC_NOWAIT));
  told("msgrcv to nowhere", msgrcv(id, nowhere, 8, 0, IPC_NOWAIT));
  take(id, "msgrcv after it", 100, 0, IPC_NOWAIT);
  told("msgsnd", msgsnd(id, &ready, 8, IPC_NOWAIT));
  told("msgrcv to what is only readable", msgrcv(id, pages + 2 * PAGE, 8, 0, IPC_NOWAIT));
  take(id, "msgrcv after it", 100, 0, IPC_NOWAIT);
  told("msgsnd", msgsnd(id, &ready, 8, IPC_NOWAIT));
  told("msgrcv across the end", msgrcv(id, straddle, 8, 0, IPC_NOWAIT));
  take(id, "msgrcv after it", 100, 0, IPC_NOWAIT);
  told("msgsnd", msgsnd(id, &ready, 8, IPC_NOWAIT));
  told("MSG_COPY to nowhere", msgrcv(id, nowhere, 8, 0, IPC_NOWAIT | MSG_COPY));
  told("MSG_COPY to what is only readable", msgrcv(id, pages + 2 * PAGE, 8, 0, IPC_NOWAIT | MSG_COPY));
  told("msgrcv that just fits", msgrcv(id, straddle, 8, 0, IPC_NOWAIT | MSG_NOERROR) == -1 ? -1 : 0);
#ifndef __i386__
  /* There the C library copies the struct itself, and falls. */
  told("IPC_STAT to nowhere", msgctl(id, IPC_STAT, nowhere));
  told("IPC_STAT of no queue to nowhere", msgctl(0x7fff0001, IPC_STAT, nowhere));
  told("IPC_SET from nowhere", msgctl(id, IPC_SET, nowhere));
  told("IPC_SET of no queue from nowhere", msgctl(0x7fff0001, IPC_SET, nowhere));
  told("MSG_STAT to nowhere", msgctl(id % 32768, MSG_STAT, nowhere));
  told("MSG_INFO to nowhere", msgctl(0, MSG_INFO, nowhere));
#endif
  told("IPC_RMID", msgctl(id, IPC_RMID, NULL));
}

static volatile sig_atomic_t handled;

static void handle(int signal) {
  (void)signal;
  handled++;
}

static void on(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}

static void pause_ms(int ms) {
  struct timespec time = {ms / 1000, (ms % 1000) * 1000000L};
  nanosleep(&time, NULL);
}

/* Sends a signal from a child, some time later. */
static pid_t later(int ms, int signal, pid_t to) {
  pid_t child = fork();
  if (child == 0) {
    pause_ms(ms);
    kill(to, signal);
    _exit(0);
  }
  return child;
}

static void signals(void) {
  int id = queue();
  struct message full = {.type = 1};
  on(SIGUSR1, handle, 0);
  on(SIGUSR2, handle, SA_RESTART);
  pid_t child = later(400, SIGUSR1, getpid());
  take(id, "msgrcv, and a signal", 100, 0, 0);
  printf("  handled %d\n", (int)handled);
  waitpid(child, NULL, 0);
  child = later(400, SIGUSR2, getpid());
  take(id, "msgrcv, and a signal with SA_RESTART", 100, 0, 0);
  printf("  handled %d\n", (int)handled);
  waitpid(child, NULL, 0);
  while (msgsnd(id, &full, PAGE, IPC_NOWAIT) == 0) continue;
  child = later(400, SIGUSR1, getpid());
  told("msgsnd, and a signal", msgsnd(id, &full, PAGE, 0));
  printf("  handled %d\n", (int)handled);
  waitpid(child, NULL, 0);
  while (msgrcv(id, &full, PAGE, 0, IPC_NOWAIT) != -1) continue;
  /* What is ignored ends nothing: the message that comes after it is received. */
  on(SIGWINCH, SIG_IGN, 0);
  child = fork();
  if (child == 0) {
    pause_ms(300);
    kill(getppid(), SIGWINCH);
    kill(getppid(), SIGURG);
    pause_ms(300);
    put(id, 9, "after signals");
    _exit(0);
  }
  take(id, "msgrcv, and signals that are ignored", 100, 0, 0);
  waitpid(child, NULL, 0);
  /* One that is blocked waits as long as the call. */
  sigset_t blocked, empty;
  sigemptyset(&empty);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  child = fork();
  if (child == 0) {
    pause_ms(300);
    kill(getppid(), SIGUSR1);
    pause_ms(300);
    put(id, 9, "after a signal that is blocked");
    _exit(0);
  }
  take(id, "msgrcv, and a signal that is blocked", 100, 0, 0);
  printf("  handled %d\n", (int)handled);
  sigprocmask(SIG_SETMASK, &empty, NULL);
  printf("  handled %d\n", (int)handled);
  waitpid(child, NULL, 0);
}

/* A child that waits in msgrcv is stopped, let go on, given a message; another one is killed by this and by that. */
static void jobs(void) {
  int id = queue();
  pid_t child = fork();
  if (child == 0) {
    take(id, "the child's msgrcv", 100, 0, 0);
    _exit(3);
  }
  int status;
  pause_ms(400);
  kill(child, SIGSTOP);
  told("waitpid is the child", waitpid(child, &status, WUNTRACED) == child);
  printf("  stopped %d by %s\n", WIFSTOPPED(status), strsignal(WSTOPSIG(status)));
  kill(child, SIGCONT);
  told("waitpid is the child", waitpid(child, &status, WCONTINUED) == child);
  printf("  continued %d\n", WIFCONTINUED(status));
  pause_ms(300);
  put(id, 4, "for the child");
  told("waitpid is the child", waitpid(child, &status, 0) == child);
  printf("  exited %d with %d\n", WIFEXITED(status), WEXITSTATUS(status));
  int deaths[] = {SIGKILL, SIGTERM, SIGQUIT, SIGABRT};
  for (size_t index = 0; index < sizeof deaths / sizeof *deaths; index++) {
    child = fork();
    if (child == 0) {
      take(id, "never", 100, 0, 0);
      _exit(4);
    }
    pause_ms(300);
    kill(child, deaths[index]);
    told("waitpid is the child", waitpid(child, &status, 0) == child);
    printf("  signalled %d: %s\n", WIFSIGNALED(status), strsignal(WTERMSIG(status)));
    /* It takes no message with it. */
    put(id, 1, "not for the dead");
    take(id, "msgrcv", 100, 0, IPC_NOWAIT);
  }
}

static void *send_from_thread(void *id) {
  told("msgsnd of a thread", put(*(int *)id, 1, "from a thread"));
  return NULL;
}

static void *receive_in_thread(void *id) {
  take(*(int *)id, "msgrcv of a thread", 100, 0, 0);
  return NULL;
}

static void threads(void) {
  int id = queue();
  pthread_t thread;
  pthread_create(&thread, NULL, send_from_thread, &id);
  pthread_join(thread, NULL);
  told_stat(id);
  pthread_create(&thread, NULL, receive_in_thread, &id);
  pthread_join(thread, NULL);
  told_stat(id);
  /* One that waits is handed its message: then lrpid is the thread, in the kernel. */
  pthread_create(&thread, NULL, receive_in_thread, &id);
  pause_ms(400);
  put(id, 2, "handed over");
  pthread_join(thread, NULL);
  told_stat(id);
  pthread_create(&thread, NULL, receive_in_thread, &id);
  pause_ms(400);
  long removed = msgctl(id, IPC_RMID, NULL);
  pthread_join(thread, NULL);
  told("IPC_RMID", removed);
}

/* A child becomes another program, and still has the same queues. */
static void family(const char *self) {
  int id = msgget(0x4d534752, IPC_CREAT | 0600);
  pid_t child = fork();
  if (child == 0) {
    execl(self, self, "family-child", NULL);
    _exit(127);
  }
  take(id, "from the child", 100, 0, 0);
  waitpid(child, NULL, 0);
  child = fork();
  if (child == 0) {
    /* Nobody else's: its queue is not this user's any more. */
    if (setgid(65534) || setuid(65534)) _exit(1);
    told("msgsnd of another user", put(id, 1, "x"));
    take(id, "msgrcv of another user", 100, 0, IPC_NOWAIT);
    struct msqid_ds stat;
    told("IPC_STAT of another user", msgctl(id, IPC_STAT, &stat));
    told("MSG_STAT of another user", msgctl(id % 32768, MSG_STAT, &stat));
    told("MSG_STAT_ANY of another user is the queue", msgctl(id % 32768, MSG_STAT_ANY, &stat) == id);
    told("IPC_RMID of another user", msgctl(id, IPC_RMID, NULL));
    told("msgget of another user", msgget(0x4d534752, 0600));
    int own = queue();
    told_stat(own);
    msgctl(own, IPC_RMID, NULL);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  told("IPC_RMID", msgctl(id, IPC_RMID, NULL));
}

static void storm(int count) {
  int id = queue();
  pid_t receiver = fork();
  struct message message;
  on(SIGALRM, handle, 0);
  struct itimerval timer = {{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &timer, NULL);
  if (receiver == 0) {
    int wrong = 0;
    for (int number = 0; number < count;) {
      memset(&message, 0, sizeof message);
      if (msgrcv(id, &message, PAGE, 0, 0) == -1) {
        if (errno != EINTR) wrong++;
        if (message.type != 0) wrong++;
        continue;
      }
      if (atoi(message.text) != number) wrong++;
      number = atoi(message.text) + 1;
    }
    printf("lost, doubled or half received: %d\n", wrong);
      _exit(0);
  }
  for (int number = 0; number < count;) {
    message.type = 1;
    snprintf(message.text, sizeof message.text, "%d", number);
    if (msgsnd(id, &message, strlen(message.text) + 1, 0) == 0) number++;
    else if (errno != EINTR) told("msgsnd", -1);
  }
  while (waitpid(receiver, NULL, 0) == -1) continue;
  timer.it_value.tv_usec = timer.it_interval.tv_usec = 0;
  setitimer(ITIMER_REAL, &timer, NULL);
  struct msqid_ds stat;
  while (msgctl(id, IPC_STAT, &stat) == -1) continue;
  printf("left: %lu\n", (unsigned long)stat.msg_qnum);
}

/* What /proc tells of the queues, by every way to open a file. */
static void files(void) {
  int proc = open("/proc/sysvipc", O_RDONLY | O_DIRECTORY);
  int descriptors[] = {
      open("/proc/sysvipc/msg", O_RDONLY),
      open("/proc/sysvipc/../sysvipc//msg", O_RDONLY | O_CLOEXEC),
      openat(proc, "msg", O_RDONLY),
      openat(AT_FDCWD, "/proc/sys/kernel/msgmax", O_RDONLY | O_CLOEXEC),
      chdir("/proc/sys/kernel") == 0 ? open("./msgmni", O_RDONLY) : -2,
      open("msgmnb", O_RDONLY | O_NOFOLLOW),
  };
  for (size_t index = 0; index < sizeof descriptors / sizeof *descriptors; index++) {
    char text[200] = "";
    told("open is a descriptor", descriptors[index] >= 0);
    printf("  closed on exec %d\n", fcntl(descriptors[index], F_GETFD));
    told("read", read(descriptors[index], text, 4));
    printf("  %.3s\n", text);
  }
  struct {
    uint64_t flags, mode, resolve;
  } how = {.flags = O_RDONLY | O_CLOEXEC};
  int fd = syscall(SYS_openat2, AT_FDCWD, "/proc/sys/kernel/msgmax", &how, sizeof how);
  told("openat2 is a descriptor", fd >= 0);
  printf("  closed on exec %d\n", fcntl(fd, F_GETFD));
  told("openat2 from nowhere", syscall(SYS_openat2, AT_FDCWD, "/proc/sys/kernel/msgmax", 8, sizeof how));
  told("open of nowhere", syscall(SYS_openat, AT_FDCWD, 8, O_RDONLY));
  told("open of a directory", open("/proc/sysvipc/msg", O_RDONLY | O_DIRECTORY));
  told("open of what is not there", open("/nowhere/msg", O_RDONLY));
  told("openat of no descriptor", openat(99, "msgmax", O_RDONLY));
  told("open of a name that is not ours", open("/proc/self/../self/msg", O_RDONLY));
  told("access", access("/proc/sysvipc/msg", F_OK));
  told("access R_OK", access("/proc/sys/kernel/msgmax", R_OK));
  told("faccessat", faccessat(proc, "msg", R_OK, 0));
  told("access of what is not there", access("/nowhere/msg", R_OK));
  told("access X_OK", access("/proc/sysvipc/msg", X_OK));
}

#ifdef __i386__
/* ipc(2) as it was before glibc 2.26, with its arguments in memory. */
static void multiplexed(void) {
  int id = syscall(SYS_ipc, 13, IPC_PRIVATE, 0600, 0, 0, 0);
  told("ipc MSGGET is a queue", id >= 0);
  struct message message = {.type = 6, .text = "old"};
  told("ipc MSGSND", syscall(SYS_ipc, 11, id, 3, 0, &message, 0));
  memset(&message, 0, sizeof message);
  struct {
    struct message *msgp;
    long msgtyp;
  } kludge = {&message, -7};
  told("ipc MSGRCV, version 0", syscall(SYS_ipc, 12, id, 100, IPC_NOWAIT, &kludge, 0));
  printf("  type %ld, %s\n", message.type, message.text);
  told("ipc MSGSND", syscall(SYS_ipc, 11, id, 3, 0, &message, 0));
  told("ipc MSGRCV, version 1", syscall(SYS_ipc, 12 | 1 << 16, id, 100, IPC_NOWAIT, &message, 6));
  told("ipc MSGRCV, version 0, from nowhere", syscall(SYS_ipc, 12, id, 100, IPC_NOWAIT, 8, 0));
  struct msqid_ds stat;
  told("ipc MSGCTL", syscall(SYS_ipc, 14, id, IPC_STAT | 0x100, 0, &stat, 0));
  printf("  mode %o qbytes %lu\n", stat.msg_perm.mode, (unsigned long)stat.msg_qbytes);
  struct {
    int key;
    unsigned short uid, gid, cuid, cgid, mode, seq;
    unsigned first, last, stime, rtime, ctime, lcbytes, lqbytes;
    unsigned short cbytes, qnum, qbytes, lspid, lrpid;
  } old;
  memset(&old, 0xff, sizeof old);
  told("ipc MSGCTL without IPC_64", syscall(SYS_ipc, 14, id, IPC_STAT, 0, &old, 0));
  printf("  mode %o uid %d qbytes %d qnum %d cbytes %d lspid %s rtime %s\n", old.mode, old.uid, old.qbytes, old.qnum,
         old.cbytes, old.lspid == (unsigned short)getpid() ? "this" : "other", old.rtime ? "set" : "0");
  printf("  %u %u %u %u\n", old.first, old.last, old.lcbytes, old.lqbytes);
  old.mode = 0644;
  old.qbytes = 4321;
  told("ipc MSGCTL IPC_SET without IPC_64", syscall(SYS_ipc, 14, id, IPC_SET, 0, &old, 0));
  told("ipc MSGCTL", syscall(SYS_ipc, 14, id, IPC_STAT | 0x100, 0, &stat, 0));
  printf("  mode %o qbytes %lu\n", stat.msg_perm.mode, (unsigned long)stat.msg_qbytes);
  /* The calls that i386 has of its own since Linux 5.1. */
  told("msgsnd", syscall(400, id, &message, 3, IPC_NOWAIT));
  told("msgrcv", syscall(401, id, &message, 100, 6, IPC_NOWAIT));
  told("msgctl", syscall(402, id, IPC_STAT, &stat));
  printf("  mode %o qnum %lu\n", stat.msg_perm.mode, (unsigned long)stat.msg_qnum);
  told("msgget is a queue", syscall(399, IPC_PRIVATE, 0600) >= 0);
  told("ipc MSGCTL IPC_RMID", syscall(SYS_ipc, 14, id, IPC_RMID | 0x100, 0, NULL, 0));
}
#endif

int main(int count, char **words) {
  /* Each line at once: what is in a buffer at a fork is written twice. */
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  const char *scene = count > 1 ? words[1] : "";
  if (!strcmp(scene, "calls")) calls();
  else if (!strcmp(scene, "pointers")) pointers();
  else if (!strcmp(scene, "signals")) signals();
  else if (!strcmp(scene, "jobs")) jobs();
  else if (!strcmp(scene, "threads")) threads();
  else if (!strcmp(scene, "family")) family(words[0]);
  else if (!strcmp(scene, "family-child")) put(msgget(0x4d534752, 0), 1, "from another program");
  else if (!strcmp(scene, "files")) files();
  else if (!strcmp(scene, "storm")) storm(atoi(words[2]));
#ifdef __i386__
  else if (!strcmp(scene, "multiplexed")) multiplexed();
#endif
  else return fprintf(stderr, "no scene %s\n", scene), 2;
  return 0;
}
