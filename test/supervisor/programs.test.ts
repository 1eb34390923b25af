import { equal, match } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { MSGQ, msgq } from '../cli/child.ts'
import { KERNEL_SKIPPED } from '../cli/private-namespace.ts'
import { skippedWithout } from '../programs-needed.ts'
import { sameBothWays } from './both-ways.ts'

const PERL = `
  use IPC::SysV qw(IPC_PRIVATE IPC_CREAT IPC_EXCL IPC_NOWAIT IPC_STAT IPC_RMID S_IRUSR S_IWUSR);
  my $id = msgget(0x5001, IPC_CREAT | 0600) // die "msgget: $!";
  defined(msgget(0x5001, IPC_CREAT | IPC_EXCL | 0600)) or print "again: $!\\n";
  for ([5, 'five'], [2, 'two'], [9, ''], [2, "two\\0again"]) {
    msgsnd($id, pack('l! a*', @$_), IPC_NOWAIT) or die "msgsnd: $!";
  }
  # 040000 is MSG_COPY: it reads by index, and takes nothing.
  for my $index (0 .. 4) {
    my $copy;
    if (msgrcv($id, $copy, 100, $index, IPC_NOWAIT | 040000)) { printf "copy %d %s\\n", unpack('l! a*', $copy) }
    else { print "copy: $!\\n" }
  }
  for my $type (-4, 9, 0, 7, 0, 0) {
    my $message;
    if (msgrcv($id, $message, 100, $type, IPC_NOWAIT)) { printf "took %d %s\\n", unpack('l! a*', $message) }
    else { print "msgrcv: $!\\n" }
  }
  my $stat;
  msgctl($id, IPC_STAT, $stat) or die "msgctl: $!";
  printf "%d bytes of stat\\n", length $stat;
  msgctl($id, IPC_RMID, 0) or die "msgctl: $!";
  msgsnd($id, pack('l! a*', 1, 'x'), 0) or print "msgsnd: $!\\n";
`

const PERL_OBJECTS = `
  use IPC::SysV qw(IPC_PRIVATE IPC_NOWAIT S_IRUSR S_IWUSR);
  use IPC::Msg;
  my $queue = IPC::Msg->new(IPC_PRIVATE, S_IRUSR | S_IWUSR) or die "new: $!";
  $queue->snd(3, 'hello') or die "snd: $!";
  my $stat = $queue->stat or die "stat: $!";
  printf "qnum %d qbytes %d mode %o lspid %s\\n", $stat->qnum, $stat->qbytes, $stat->mode, $stat->lspid == $$ ? 'own' : 'other';
  $queue->set(mode => 0640, qbytes => 4096) or die "set: $!";
  printf "mode %o qbytes %d\\n", $queue->stat->mode, $queue->stat->qbytes;
  my $text;
  print $queue->rcv($text, 100, 0, IPC_NOWAIT), " $text\\n";
  $queue->remove or die "remove: $!";
  print defined($queue->stat) ? 'there' : "gone: $!", "\\n";
`

const PHP = `<?php
  $queue = msg_get_queue(0x5002, 0600);
  var_dump(msg_queue_exists(0x5002), msg_queue_exists(0x5003));
  var_dump(msg_send($queue, 4, ['an' => 'array', 'of' => [1, 2]]));
  var_dump(msg_send($queue, 5, 'plain', false));
  $stat = msg_stat_queue($queue);
  printf("qnum %d qbytes %d mode %o\\n", $stat['msg_qnum'], $stat['msg_qbytes'], $stat['msg_perm.mode']);
  var_dump(msg_receive($queue, 5, $type, 100, $message, false, MSG_IPC_NOWAIT), $type, $message);
  var_dump(msg_receive($queue, 0, $type, 100, $message, true), $type, $message);
  var_dump(msg_receive($queue, 0, $type, 100, $message, true, MSG_IPC_NOWAIT, $error), $error);
  var_dump(msg_set_queue($queue, ['msg_perm.mode' => 0644]), msg_remove_queue($queue));
`

const PYTHON = `
import sysv_ipc, os
queue = sysv_ipc.MessageQueue(0x5004, sysv_ipc.IPC_CREX, 0o600)
queue.send(b'hello', type=6)
queue.send('text', type=2)
print(queue.current_messages, queue.max_size, oct(queue.mode), queue.last_send_pid == os.getpid())
print(queue.receive(type=-5), queue.receive())
try:
    queue.receive(block=False)
except sysv_ipc.BusyError as error:
    print(error)
try:
    sysv_ipc.MessageQueue(0x5004, sysv_ipc.IPC_CREX)
except sysv_ipc.ExistentialError as error:
    print(error)
queue.mode = 0o640
print(oct(sysv_ipc.MessageQueue(0x5004).mode))
queue.remove()
`

const LUA = `
local msg = require 'posix.sys.msg'
local id = assert(msg.msgget(0x5005, msg.IPC_CREAT + 6 * 64))
assert(msg.msgsnd(id, 7, 'hello from lua'))
print(msg.msgrcv(id, 100, 0, msg.IPC_NOWAIT))
print(msg.msgrcv(id, 100, 0, msg.IPC_NOWAIT))
print(msg.msgctl(id, msg.IPC_RMID))
print(msg.msgget(0x5005))
`

/** All that util-linux has for queues, one after the other. */
const TOOLS = `
  ipcmk -Q -p 0644
  perl -e 'msgsnd(0, pack("l! a*", 1, "x" x 100), 0) or die'
  perl -e 'defined(msgget(0x77, 01600)) or die'
  for form in "" -a -t -p -c -u -l -b "-i 0" "-i 99"; do echo "ipcs -q $form"; ipcs -q $form; done
  echo "ipcs of all"; ipcs | grep -A 9 Messages
  lsipc -q; lsipc -q -i 0; lsipc -q -g; lsipc -q --json
  cat /proc/sysvipc/msg /proc/sys/kernel/msgmax /proc/sys/kernel/msgmnb /proc/sys/kernel/msgmni
  cd /proc/sys/kernel; cat msg_next_id ./msgmax ../kernel//msgmnb
  test -r msgmax && echo readable
  ipcrm -Q 0x77; ipcrm -q 0; ipcrm -q 0
  ipcs -q
`

/** What differs from one run to the next: keys that ipcmk chose, process numbers, times; and how wide they make columns. */
function withoutChance(text: string): string {
  return text
    .replace(/ +/g, ' ')
    .replace(/0x(?!00000077)[0-9a-f]{8}\b/g, '0xKEY')
    .replace(/([A-Z][a-z]{2} )?([A-Z][a-z]{2} ?\d\d? )?\d\d:\d\d(:\d\d)?( \d{4})?/g, 'TIME')
    .replace(/-?\b\d{3,10}\b/g, (digits) => (KEPT.has(digits) ? digits : 'N'))
    .replace(/^ /gm, '')
}

/** Numbers that say something: sizes, limits, modes. */
const KEPT = new Set(['100', '600', '644', '0600', '0644', '8192', '16384', '32000'])

describe('Debian programs under msgq run do what they do on the kernel:', {
  skip: KERNEL_SKIPPED,
  concurrency: true,
}, () => {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-programs-'))
  after(() => rmSync(directory, { recursive: true }))
  const script = (name: string, text: string) => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }

  test("perl's own functions, MSG_COPY among them", async () => {
    match(await sameBothWays('perl', ['-e', PERL]), /copy 5 five\ncopy 2 two\n/)
  })

  test("perl's IPC::Msg", async () => {
    match(await sameBothWays('perl', ['-e', PERL_OBJECTS]), /^qnum 1 qbytes 16384 mode 600 lspid own\n/)
  })

  test("php's sysvmsg", { skip: skippedWithout('php-cli') }, async () => {
    match(await sameBothWays('php', [script('queues.php', PHP)]), /"an"/)
  })

  test("python's sysv_ipc", { skip: skippedWithout('python3-sysv-ipc') }, async () => {
    match(await sameBothWays('/usr/bin/python3', ['-c', PYTHON]), /^2 16384 0o600 True\n/)
  })

  test("lua's posix.sys.msg", { skip: skippedWithout('lua5.3', 'lua-posix') }, async () => {
    match(await sameBothWays('lua5.3', ['-e', LUA]), /hello from lua/)
  })

  test('ipcmk, ipcs in all its forms, lsipc, ipcrm, and /proc', async () => {
    match(await sameBothWays('sh', ['-c', TOOLS], { told: withoutChance }), /Message Queues/)
  })

  test('stress-ng --msg checks 20,000 messages', { skip: skippedWithout('stress-ng') }, () => {
    const words = ['stress-ng', '--msg', '2', '--msg-ops', '20000', '--verify']
    const { status, stderr, stdout } = msgq(['run', '--', ...words])
    equal(status, 0, stderr)
    match(stdout + stderr, /successful run completed/)
  })

  test('--no-proc leaves /proc as the kernel has it', () => {
    const shown = 'perl -e "defined(msgget(0x77, 01600)) or die"; cat /proc/sysvipc/msg'
    const { stdout } = msgq(['run', '--no-proc', '--', 'unshare', '--ipc', 'sh', '-c', shown])
    equal(stdout.trim().split('\n').length, 1, `${MSGQ} run --no-proc: ${stdout}`)
  })
})
