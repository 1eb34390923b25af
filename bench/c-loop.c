/*
 * The C loop that msgq is measured against: the same work by plain msgsnd(2) and msgrcv(2), timed by itself. It reads
 * orders from its input, one a line, and answers each with `ok NANOSECONDS` (0 where nothing is timed). The first thing
 * that is not as it must be ends it with a line on its error output. It runs in an IPC namespace made for it alone.
 *
 *   check SIZE             one message of SIZE bytes, there and back, every byte compared
 *   pair SIZE COUNT        COUNT times: send a message of SIZE bytes, receive it
 *   fill DEPTH SIZE TYPES  a new queue with DEPTH messages of SIZE bytes, of TYPES types in turn
 *   call KIND BATCHES      BATCHES times: receive some messages of that queue, send them again; times one of the two
 *   copy-all               MSG_COPY of every message, index by index
 *   copy-at COUNT          MSG_COPY of COUNT messages at random indexes
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <time.h>

#define SIZE_MAX_BYTES 8192
/* Room for the deepest queue: the highest that Linux allows. */
#define QBYTES "2147483647"
/* As in contenders/embedded-queue.ts. */
#define BATCH 25
#define STRIDE 7919
#define TYPE_MIN 2

struct message {
  long type;
  char text[SIZE_MAX_BYTES];
};

struct search {
  long msgtyp;
  /* Whether msgtyp is each type in turn instead. */
  int turns;
  int flags;
};

static struct message sent, received, taken[BATCH];
static int queue, filled = -1;
static long depth, size, types, turn;
static uint32_t seed = 2463534242u;

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "a wrong result");
  exit(1);
}

static void expect(int holds, const char *what) {
  if (!holds) fail(what);
}

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* Marsaglia's xorshift: 1 ns beside calls of hundreds. */
static uint32_t next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed;
}

static void set_limit(const char *path) {
  FILE *file = fopen(path, "w");
  if (file == NULL || fputs(QBYTES, file) < 0 || fclose(file) != 0) fail(path);
}

static int new_queue(void) {
  int made = msgget(IPC_PRIVATE, 0600);
  if (made < 0) fail("msgget");
  return made;
}

static void check(long bytes) {
  sent.type = 7;
  for (long i = 0; i < bytes; i++) sent.text[i] = (char)(i * 31);
  memset(&received, 0, sizeof received);
  if (msgsnd(queue, &sent, bytes, IPC_NOWAIT) != 0) fail("msgsnd");
  expect(msgrcv(queue, &received, SIZE_MAX_BYTES, 0, IPC_NOWAIT) == bytes, "msgrcv's length");
  expect(received.type == 7 && memcmp(sent.text, received.text, bytes) == 0, "msgrcv's bytes");
  expect(msgrcv(queue, &received, SIZE_MAX_BYTES, 0, IPC_NOWAIT) == -1 && errno == ENOMSG, "the queue is empty");
  errno = 0;
}

static long pair(long bytes, long count) {
  sent.type = 1;
  long start = now();
  for (long i = 0; i < count; i++) {
    if (msgsnd(queue, &sent, bytes, IPC_NOWAIT) != 0) fail("msgsnd");
    if (msgrcv(queue, &received, SIZE_MAX_BYTES, 0, IPC_NOWAIT) != bytes) fail("msgrcv");
  }
  return now() - start;
}

static void fill(void) {
  set_limit("/proc/sys/kernel/msgmnb");
  if (filled >= 0 && msgctl(filled, IPC_RMID, NULL) != 0) fail("IPC_RMID");
  filled = new_queue();
  for (long i = 0; i < depth; i++) {
    sent.type = TYPE_MIN + i % types;
    memcpy(sent.text, &i, sizeof i);
    if (msgsnd(filled, &sent, size, IPC_NOWAIT) != 0) fail("msgsnd");
  }
}

static void receive(const struct search *search, struct message *into) {
  long type = TYPE_MIN + turn % types;
  turn += STRIDE;
  if (msgrcv(filled, into, SIZE_MAX_BYTES, search->turns ? type : search->msgtyp, search->flags) != size) fail("msgrcv");
  if (search->turns) expect((into->type == type) != (search->flags == (IPC_NOWAIT | MSG_EXCEPT)), "the type received");
}

static long call(const char *kind, long batches) {
  int is_type = strcmp(kind, "type") == 0, is_except = strcmp(kind, "except") == 0;
  struct search search = {
    .msgtyp = strcmp(kind, "lowest") == 0 ? -(TYPE_MIN + types) : 0,
    .turns = is_type || is_except,
    .flags = is_except ? IPC_NOWAIT | MSG_EXCEPT : IPC_NOWAIT,
  };
  long receives = 0, sends = 0;
  for (long batch = 0; batch < batches; batch++) {
    turn = next_random() % types;
    long start = now();
    for (int i = 0; i < BATCH; i++) receive(&search, &taken[i]);
    long between = now();
    for (int i = 0; i < BATCH; i++)
      if (msgsnd(filled, &taken[i], size, IPC_NOWAIT) != 0) fail("msgsnd");
    receives += between - start;
    sends += now() - between;
  }
  return strcmp(kind, "send") == 0 ? sends : receives;
}

static void copy(long index) {
  if (msgrcv(filled, &received, SIZE_MAX_BYTES, index, MSG_COPY | IPC_NOWAIT) != size) fail("MSG_COPY");
  expect(memcmp(received.text, &index, sizeof index) == 0, "the message copied");
}

static long copy_all(void) {
  long start = now();
  for (long i = 0; i < depth; i++) copy(i);
  return now() - start;
}

static long copy_at(long count) {
  long start = now();
  for (long i = 0; i < count; i++) copy(next_random() % depth);
  return now() - start;
}

int main(void) {
  char line[128], kind[16];
  long a, b;
  queue = new_queue();
  while (fgets(line, sizeof line, stdin) != NULL) {
    long ns = 0;
    if (sscanf(line, "check %ld", &a) == 1 && a <= SIZE_MAX_BYTES) check(a);
    else if (sscanf(line, "pair %ld %ld", &a, &b) == 2 && a <= SIZE_MAX_BYTES) ns = pair(a, b);
    else if (sscanf(line, "fill %ld %ld %ld", &depth, &size, &types) == 3 && size >= 8 && size <= SIZE_MAX_BYTES) fill();
    else if (sscanf(line, "call %15s %ld", kind, &a) == 2) ns = call(kind, a);
    else if (strcmp(line, "copy-all\n") == 0) ns = copy_all();
    else if (sscanf(line, "copy-at %ld", &a) == 1) ns = copy_at(a);
    else fail(line);
    printf("ok %ld\n", ns);
    fflush(stdout);
  }
  msgctl(queue, IPC_RMID, NULL);
  if (filled >= 0) msgctl(filled, IPC_RMID, NULL);
  return 0;
}
