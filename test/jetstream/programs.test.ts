import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { clusterStatus } from '../../src/backends/jetstream/index.ts'
import { MSGQ } from '../cli/child.ts'
import { KERNEL_SKIPPED } from '../cli/private-namespace.ts'
import { Machines } from './machines.ts'
import { NatsCluster } from './nats-cluster.ts'

const SERVERS = 3
const MESSAGES = 400
/** When so many have gone through, the leader is killed. */
const UNTIL_KILLED = 100

/** Sends numbers, and says when so many are sent. */
const SENDER = `
  $| = 1;
  print readlink('/proc/self/ns/net'), "\\n";
  my $id = msgget(0x5301, 01600) // die "msgget: $!";
  for my $number (1 .. ${MESSAGES}) {
    msgsnd($id, pack('l! a*', 1, $number), 0) or die "msgsnd: $!";
    print "some\\n" if $number == ${UNTIL_KILLED};
  }
  print "sent\\n";
`
/** Receives as many, each of which must be the next, and answers each by the same number on another queue. */
const RECEIVER = `
  $| = 1;
  print readlink('/proc/self/ns/net'), "\\n";
  my $id = msgget(0x5301, 01600) // die "msgget: $!";
  my $back = msgget(0x5302, 01600) // die "msgget: $!";
  for my $number (1 .. ${MESSAGES}) {
    my $message;
    msgrcv($id, $message, 100, 0, 0) or die "msgrcv: $!";
    my $got = unpack('x8 a*', $message);
    die "$got instead of $number" if $got != $number;
    msgsnd($back, pack('l! a*', 2, $number), 0) or die "msgsnd: $!" if $number % 10 == 0;
    print "some\\n" if $number == ${UNTIL_KILLED};
  }
  print "received\\n";
`
/** On the sender's machine: hears the answers. */
const LISTENER = `
  $| = 1;
  print readlink('/proc/self/ns/net'), "\\n";
  my $back = msgget(0x5302, 01600) // die "msgget: $!";
  for my $number (1 .. ${MESSAGES / 10}) {
    my $message;
    msgrcv($back, $message, 100, 2, 0) or die "msgrcv: $!";
    my $got = unpack('x8 a*', $message);
    die "$got instead of " . 10 * $number if $got != 10 * $number;
  }
  print "heard\\n";
`

/** A program under `msgq run` on a machine, and its lines. */
class Program implements Disposable {
  readonly child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(on: readonly string[], namespace: string, program: string) {
    const run = [process.execPath, MSGQ, 'run', '--namespace', namespace, '--', 'perl', '-e', program]
    const [command = '', ...words] = [...on, ...run]
    this.child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    if (this.child.stdout === null) throw new Error('assertion: a pipe')
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    return done ? 'it has ended' : value
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL')
  }
}

describe('msgq run over a cluster', { skip: KERNEL_SKIPPED }, () => {
  test('msgq run programs on two machines exchange messages while the cluster loses its leader, and lose none', async () => {
    using machines = Machines.start(SERVERS + 2)
    await using cluster = await NatsCluster.start(SERVERS, {
      hosts: machines.hosts,
      before: (index) => machines.on(index),
    })
    const url = cluster.urlOfAll('programs')
    const [here, there] = [machines.on(SERVERS), machines.on(SERVERS + 1)]
    using receiver = new Program(there, url, RECEIVER)
    using sender = new Program(here, url, SENDER)
    using listener = new Program(here, url, LISTENER)
    const network = await sender.line()
    match(network, /^net:/)
    equal(await listener.line(), network)
    notEqual(await receiver.line(), network)
    deepEqual([await sender.line(), await receiver.line()], ['some', 'some'])
    const { leader } = await clusterStatus(url)
    await cluster.kill(Number(leader?.slice(1)))
    // One after the other: who waits for one that has ended would wait for ever.
    equal(await sender.line(), 'sent')
    equal(await receiver.line(), 'received')
    equal(await listener.line(), 'heard')
    const after = await clusterStatus(url)
    notEqual(after.leader, leader)
    deepEqual(
      [await sender.line(), await receiver.line(), await listener.line()],
      ['it has ended', 'it has ended', 'it has ended'],
    )
  })
})
