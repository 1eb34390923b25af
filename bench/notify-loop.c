/*
 * The least that a supervisor of programs costs: `notify-loop PROGRAM WORD...` runs a program whose msgsnd and msgrcv it
 * answers itself, by seccomp user notification, out of a queue of one message. No engine, no permissions, no waits: a
 * copy in, a copy out, and the way there and back. `msgq run` is measured beside it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

static char slot[1 << 16];
/* With its type; 0 when there is none. */
static size_t slot_bytes;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* One descriptor over a socket. */
static void give(int socket, int fd) {
  char byte = 0, control[CMSG_SPACE(sizeof fd)];
  struct iovec iovec = {&byte, 1};
  struct msghdr message = {.msg_iov = &iovec, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(socket, &message, 0) != 1) fail("sendmsg");
}

static int take(int socket) {
  int fd;
  char byte, control[CMSG_SPACE(sizeof fd)];
  struct iovec iovec = {&byte, 1};
  struct msghdr message = {.msg_iov = &iovec, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(socket, &message, 0) != 1) fail("recvmsg");
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  return fd;
}

static int set_filter(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_msgsnd, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_msgrcv, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("prctl");
  int flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  int listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (listener < 0) fail("seccomp");
  return listener;
}

static void end_with_child(int signal) {
  int status;
  (void)signal;
  if (wait(&status) > 0) _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* What the call returns. */
static long answer(int listener, const struct seccomp_notif *call) {
  int is_send = call->data.nr == SYS_msgsnd;
  size_t room = call->data.args[2] + sizeof(long), bytes = is_send ? room : slot_bytes;
  struct iovec ours = {slot, bytes}, theirs = {(void *)call->data.args[1], bytes};
  if (bytes > room || bytes > sizeof slot) return -E2BIG;
  if (is_send) {
    slot_bytes = bytes;
    /* That the answer arrives will say that these bytes were the program's. */
    return process_vm_readv(call->pid, &ours, 1, &theirs, 1, 0) == (ssize_t)bytes ? 0 : -EFAULT;
  }
  if (bytes == 0) return -ENOMSG;
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) != 0) return -EINTR;
  if (process_vm_writev(call->pid, &ours, 1, &theirs, 1, 0) != (ssize_t)bytes) return -EFAULT;
  slot_bytes = 0;
  return bytes - sizeof(long);
}

int main(int count, char **words) {
  int sockets[2];
  if (count < 2 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) fail("notify-loop PROGRAM");
  struct sigaction action = {.sa_handler = end_with_child};
  sigaction(SIGCHLD, &action, NULL);
  pid_t child = fork();
  if (child == 0) {
    int listener = set_filter();
    give(sockets[1], listener);
    close(listener);
    execvp(words[1], words + 1);
    fail(words[1]);
  }
  int listener = take(sockets[0]);
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1UL);
  for (;;) {
    struct seccomp_notif call = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) continue;
    long result = answer(listener, &call);
    struct seccomp_notif_resp response = {.id = call.id, .val = result < 0 ? 0 : result, .error = result < 0 ? result : 0};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
}
