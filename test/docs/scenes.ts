/** What makes the commands of a page run: what they find, and what in them stands for something of the reader's. */
export interface Scene {
  /** What is there before, made by sh. */
  readonly given: string
  /** What stands in the page, and what is here in its place. */
  readonly stands?: Readonly<Record<string, string>>
  /** Process numbers of the page, and the programs that run in their place. Each says something when it is ready. */
  readonly processes?: Readonly<Record<string, readonly [string, ...string[]]>>
  /** What happens before the line that begins so, by sh. */
  readonly before?: Readonly<Record<string, string>>
  /** Lines that begin so go on for ever: until they say this, or until this command of sh succeeds. */
  readonly endless?: Readonly<Record<string, RegExp | string>>
  /** What the line that begins so tells, on either stream. */
  readonly tells: Readonly<Record<string, RegExp>>
  readonly debianPackages?: readonly string[]
}

/** Makes queues with ids from 0, a word each: its key, then, after colons, the texts that are sent to it with type 7. */
function queues(...words: readonly string[]): string {
  const script = `
    for (@ARGV) {
      my ($key, @texts) = split /:/;
      my $id = msgget(hex $key, 01600) // die "msgget: $!";
      msgsnd($id, pack("l! a*", 7, $_), 0) or die "msgsnd: $!" for @texts;
    }`
  return `perl -e '${script}' ${words.join(' ')}`
}

/** Sends texts to a queue with an id of the kernel's, with type 7. */
function sends(msqid: number, ...texts: readonly string[]): string {
  return `perl -e 'msgsnd(${msqid}, pack("l! a*", 7, $_), 0) or die "msgsnd: $!" for @ARGV' ${texts.join(' ')}`
}

const NO_QUEUES = 'ipcrm --all=msg'
/** Waits on queue 0 for a type that nobody sends. */
const WAITER = ['perl', '-e', '$| = 1; print "ready"; msgrcv(0, my $message, 9, 99, 0)'] as const
/** The first process of a container: its queues are its own, one of key 0x4d5347 among them. */
const CONTAINER = ['unshare', '--ipc', 'perl', '-e', '$| = 1; msgget(0x4d5347, 01600); print "ready"; sleep'] as const

/**
 * Has a message of 20 bytes in the hands of a mv that is killed while it waits for room on queue 4. Then there is room,
 * and queue 3 has a message more.
 */
const KILLED_MV = `
  perl -e 'msgsnd(4, pack("l! a*", 1, "x" x 8000), 04000) for 1 .. 3; 1 while msgsnd(4, pack("l! a*", 1, "x"), 04000)'
  perl -e '1 while msgrcv(3, my $message, 9000, 0, 04000)'
  ${sends(3, 'twenty-bytes-exactly')}
  msgq -n linux: mv 3 4 & mv=$!
  # msgsnd(2) is call 69, in which one of its threads waits.
  until grep -qs '^69 ' /proc/$mv/task/*/syscall; do sleep 0.05; done
  kill -9 $mv
  perl -e '1 while msgrcv(4, my $message, 9000, 0, 04000)'
  ${sends(3, 'one-more')}
`

/** Each page whose commands are run, in its order. */
export const SCENES: Readonly<Record<string, Scene>> = {
  'docs/guides/around-a-reboot.md': {
    given: `${queues('5348:opened:closed')}; msgq -n linux: checkpoint kept/restored; ${NO_QUEUES}`,
    stands: { '/var/lib/msgq': 'kept' },
    before: { 'msgq -n linux: restore kept/restored --append': queues('5348:new') },
    tells: {
      'msgq image show': /opened[\s\S]*closed/,
      'msgq -n linux: restore kept/restored --dry-run': /2 messages/,
      'msgq -n linux: restore kept/restored --append': /2 messages/,
    },
  },
  'docs/guides/checkpoint-in-use.md': {
    given: queues('1:hello'),
    processes: { 4711: WAITER, 4712: WAITER },
    tells: { 'msgq -n': /saved 1 queue, 1 message, 5 bytes/ },
  },
  'docs/guides/from-php-sysvmsg.md': {
    given: `${queues('4a0b5:first:second')}
      echo '<?php echo "works on ", stream_get_contents(STDIN);' >work.php
      echo '<?php $queue = msg_get_queue(0x4a0b5); msg_send($queue, 1, "kept"); echo "queued";' >worker.php`,
    tells: {
      'msgq -n linux: copy': /first[\s\S]*second/,
      'msgq -n linux: receive': /works on first/,
      'msgq run': /queued/,
    },
    debianPackages: ['php-cli'],
  },
  'docs/guides/inspector.md': {
    given: queues('1:hello'),
    endless: { 'msgq inspect': /http:\S+/ },
    tells: {},
  },
  'docs/guides/look-into-queues.md': {
    given: queues('1', '2', '3', `4${':hello'.repeat(13)}`),
    tells: {
      'msgq -n linux: ls': /^0x00000004 +3 .* 65 +13 /m,
      'msgq -n linux: stat 3': /0x00000004/,
      'msgq -n linux: copy 3  ': /(?:hello[\s\S]*){13}/,
      'msgq -n linux: copy 3 --type': /(?:"payload":"hello"[\s\S]*){13}/,
      'msgq -n linux: copy 3 12': /68 65 6c 6c 6f .*\|hello\|/,
    },
    debianPackages: ['bsdextrautils'],
  },
  'docs/guides/move-messages.md': {
    // 3 and 4 have no key, and are told by their ids.
    given: `${queues('1', '2', '3', '0', '0', '4d5347')}; ${sends(3, 'a', 'b')}`,
    processes: { 1234: CONTAINER },
    before: {
      'msgq mv linux: 3': sends(3, 'c'),
      'msgq -n linux: mv 3 4 --type': KILLED_MV,
      'msgq -n linux: mv 3 4 --follow': sends(3, 'd'),
      'msgq -n linux: cp 3 4': sends(3, 'e'),
    },
    endless: { 'msgq -n linux: mv 3 4 --follow': "ipcs -q -i 4 | grep -q 'qnum=3'" },
    tells: {
      'msgq -n linux: mv 3 0x4d5347': /moved 2 messages/,
      'msgq mv linux: 3': /moved 1 message/,
      'msgq -n linux: mv 3 4 --type': /moved 1 message/,
      'msgq -n linux: cp 3 4': /copied 1 message/,
    },
  },
  'docs/guides/run-a-program.md': {
    given: `cat >old-program <<'END'
#!/bin/sh
echo "$@"; ipcmk -Q
END
      cat >producer <<'END'
#!/usr/bin/perl
my $id = msgget(0x77, 01600); msgsnd($id, pack("l! a*", 1, "hello"), 0) or die $! for 1 .. 3;
END
      cat >consumer <<'END'
#!/usr/bin/perl
msgrcv(msgget(0x77, 01600), my $message, 9, 0, 0) or die $!;
END
      chmod +x old-program producer consumer`,
    endless: { 'msgq inspect': /http:\S+/ },
    tells: {
      'msgq run -- ./old-program': /^--its-option\nMessage queue id: 0$/m,
      'msgq ls': /^0x00000077 +0 .* 10 +2 /m,
      'msgq checkpoint saved': /saved 1 queue, 2 messages/,
      'msgq run --daemon -- ipcs -q': /^0x00000077 +0 +\S+ +600 +10 +2/m,
    },
  },
  'docs/guides/save-and-restore.md': {
    given: queues('1', '2:hello:again'),
    before: {
      'msgq -n linux: restore saved': NO_QUEUES,
      'msgq image convert saved.ndjson again': NO_QUEUES,
    },
    tells: {
      'msgq -n linux: checkpoint': /saved 2 queues, 2 messages, 10 bytes/,
      'msgq -n memory: restore': /restored 2 queues, 2 messages, 10 bytes/,
      'msgq -n linux: restore': /restored 2 queues, 2 messages, 10 bytes/,
      jq: /^"hello"\n"again"$/m,
      'msgq image convert saved.ndjson again': /restored 2 queues, 2 messages, 10 bytes/,
    },
    debianPackages: ['jq'],
  },
  'docs/guides/test-code.md': {
    given: `${queues('1')}; echo '{ "scripts": { "test": "msgq -n linux: ls --json" } }' >package.json`,
    tells: { 'sudo unshare': /^\[\]$/m },
  },
  'docs/guides/to-another-machine.md': {
    given: queues('1:hello:world'),
    // The other machine is a folder here, and has no queues yet.
    before: {
      rsync: 'mkdir newhost',
      'msgq -n linux: restore saved --dry-run': `${NO_QUEUES}; rm -r saved; mv newhost/saved .`,
    },
    stands: { 'newhost:': 'newhost/' },
    tells: {
      'msgq -n linux: checkpoint': /saved 1 queue, 2 messages, 10 bytes/,
      'msgq image show': /hello[\s\S]*world/,
      'msgq -n linux: restore saved': /1 queue, 2 messages, 10 bytes/,
    },
    debianPackages: ['rsync'],
  },
  'docs/guides/watch-and-alert.md': {
    given: `${queues('1', '2', '3', `5348${':hello'.repeat(12)}`)}; ipcrm -q 0 -q 1 -q 2`,
    processes: { 1234: CONTAINER },
    endless: { 'msgq top': /0x00005348/ },
    tells: {
      "msgq metrics 'linux:?pid=": /msgq_queue_messages\{id="0",key="0x004d5347",container="shop"\} 0/,
      'msgq -n linux: ls': /^0x00005348 +3 .* 60 +12 /m,
      'msgq -n linux: stat': /^lspid +\d+\nlrpid +0[\s\S]*^stime .*\nrtime +never$/m,
      'msgq -n linux: copy': /(?:hello[\s\S]*){12}/,
      ps: /perl/,
    },
    debianPackages: ['procps'],
  },
  'docs/reference/daemon.md': {
    given: 'true',
    stands: {
      '/run/msgq.sock': '"$PWD/socket"',
      '/var/lib/msgq': '"$PWD/state"',
      '--group ipc': '--group root',
      '13:00': '"$(cat then)"',
    },
    before: {
      'msgq log': `msgq create --key 0x4d5347; msgq send 0x4d5347 hello; date +@%s.%3N >then
        msgq receive 0x4d5347 --nowait`,
    },
    endless: { 'msgq serve': /serving/ },
    tells: {
      'msgq log': /created[\s\S]* sent [\s\S]* received /,
      'msgq copy': /hello/,
      'msgq restore': /1 queue, 1 message, 5 bytes/,
    },
  },
}

const A_MACHINE = 'test/programs/reboot.test.ts does it on a machine that starts with systemd'

/** Commands that are not run here, by their page and first line, and why. */
export const NOT_RUN: ReadonlyMap<string, string> = new Map([
  ['docs/reference/cli.md: msgq [--namespace URL] COMMAND [OPTION]... [OPERAND]...', 'it is a synopsis'],
  [
    'docs/reference/cluster.md: npm install @nats-io/jetstream @nats-io/kv @nats-io/obj @nats-io/transport-node',
    'it needs a registry, and servers at these addresses; test/jetstream/ has servers of its own',
  ],
  ['docs/guides/around-a-reboot.md: cd "$(npm root --global)/msgq/examples/systemd"', A_MACHINE],
  [
    'docs/guides/around-a-reboot.md: sudo install -D --mode 644 queues.conf /etc/systemd/system/shop.service.d/queues.conf',
    A_MACHINE,
  ],
  ['docs/guides/around-a-reboot.md: sudo systemctl daemon-reload', A_MACHINE],
  [
    'docs/guides/watch-and-alert.md: cd "$(npm root --global)/msgq/examples/systemd"',
    'it changes the machine; test/programs/systemd.test.ts tries the unit',
  ],
])
