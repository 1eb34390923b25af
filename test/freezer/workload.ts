import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Msgbuf } from '../../src/abi/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import type { Calls, History, PictureMessage } from './history.ts'

/** Two processes send, each of both types; of two that receive each takes one type, and so out of the other's middle. */
const SENDERS = [1, 2] as const
const TYPES = [1, 2] as const
/** Each message, its sender and number included. */
const MESSAGE_BYTES = 64
/** What a sender with pauses sends at once at its start, so that the queue has a depth. */
const SENT_AHEAD = 32
/** The sender's number in the message that tells a receiver to end. */
const LAST = 255

/**
 * The program of all four, in a language that is not ours. It writes down each call with the time before and after it:
 * a sender `sender, type, number, before, after`, a receiver the same of what it took.
 */
const PROGRAM = String.raw`
  use strict; use warnings; use Errno; use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);
  my ($role, $own, $msqid, $pause, $file) = @ARGV;
  my ($stop, $message, $number) = (0, '', 0);
  $SIG{TERM} = sub { $stop = 1 };
  open(my $log, '>:raw', $file) or die $!;
  $| = 1; print "ready\n";
  while (!$stop) {
    my ($sender, $type, $n) = ($own, 1 + (($number * 7919 + $own) >> 2) % 2, $number);
    $message = pack('q<L<L<', $type, $own, $number) . 'x' x (${MESSAGE_BYTES} - 8);
    my $before = clock_gettime(CLOCK_MONOTONIC);
    my $done = $role eq 'send' ? msgsnd($msqid, $message, 0) : msgrcv($msqid, $message, 8192, $own, 0);
    if (!$done) { next if $!{EINTR}; die "$role: $!" }
    my $after = clock_gettime(CLOCK_MONOTONIC);
    ($type, $sender, $n) = unpack('q<L<L<', $message) if $role ne 'send';
    last if $sender == ${LAST};
    print $log pack('L<L<L<L<d<d<', $sender, $type, $n, 0, $before, $after) or die $!;
    $number++;
    sleep($pause / 1000) if $pause && ($role ne 'send' || $number > ${SENT_AHEAD});
  }
  close $log or die $!;
`
const RECORD_BYTES = 32

/** Four processes that use one queue. */
export class Workload {
  readonly #folder = mkdtempSync(join(tmpdir(), 'msgq-freezer-'))
  readonly #namespace: IpcNamespace
  readonly #msqid: number
  readonly #senders: ChildProcess[] = []
  readonly #receivers: ChildProcess[] = []

  private constructor(namespace: IpcNamespace, msqid: number) {
    this.#namespace = namespace
    this.#msqid = msqid
  }

  /**
   * Starts the four, and returns when all of them are at it.
   *
   * @param pauseMs Between two calls of a process; 0 is flat out.
   * @param enter The command that starts a program in the queue's IPC namespace; none where they inherit it.
   */
  static async start(namespace: IpcNamespace, msqid: number, pauseMs: number, enter: string[] = []): Promise<Workload> {
    const workload = new Workload(namespace, msqid)
    const begin = async (role: 'send' | 'receive', own: number) => {
      const words = [role, own, msqid, pauseMs].map(String)
      const [program = '', ...rest] = [...enter, 'perl', '-e', PROGRAM, ...words, workload.#log(role, own)]
      const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
      ;(role === 'send' ? workload.#senders : workload.#receivers).push(child)
      await once(child.stdout, 'data')
    }
    for (const sender of SENDERS) await begin('send', sender)
    for (const type of TYPES) await begin('receive', type)
    return workload
  }

  get pids(): number[] {
    return [...this.#senders, ...this.#receivers].map(({ pid }) => pid ?? 0)
  }

  /** Lets the senders end, then the receivers when they have taken everything. @returns What all of them wrote down. */
  async end(): Promise<History> {
    for (const sender of this.#senders) {
      const ended = once(sender, 'exit')
      sender.kill('SIGTERM')
      await ended
    }
    const last = new Uint8Array(8)
    new DataView(last.buffer).setUint32(0, LAST, true)
    const ended = this.#receivers.map((receiver) => once(receiver, 'exit'))
    for (const mtype of TYPES) await this.#namespace.msgsnd(this.#msqid, { mtype, mtext: last }, 0)
    await Promise.all(ended)
    const history = {
      sent: new Map(SENDERS.map((sender) => [sender, this.#read('send', sender)])),
      received: new Map(TYPES.map((type) => [type, this.#read('receive', type)])),
    }
    this.kill()
    return history
  }

  /** Ends what still runs, stopped or not. */
  kill(): void {
    for (const child of [...this.#senders, ...this.#receivers]) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #log(role: 'send' | 'receive', own: number): string {
    return join(this.#folder, `${role}-${own}`)
  }

  #read(role: 'send' | 'receive', own: number): Calls {
    const bytes = readFileSync(this.#log(role, own))
    const count = bytes.length / RECORD_BYTES
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const column = (read: (at: number) => number) =>
      Float64Array.from({ length: count }, (_, at) => read(at * RECORD_BYTES))
    return {
      sender: column((at) => view.getUint32(at, true)),
      type: column((at) => view.getUint32(at + 4, true)),
      number: column((at) => view.getUint32(at + 8, true)),
      before: column((at) => view.getFloat64(at + 16, true)),
      after: column((at) => view.getFloat64(at + 24, true)),
    }
  }
}

/** A message of the workload, as the history has it. */
export function pictureMessage({ mtype, mtext }: Msgbuf): PictureMessage {
  const view = new DataView(mtext.buffer, mtext.byteOffset, mtext.length)
  return { type: Number(mtype), sender: view.getUint32(0, true), number: view.getUint32(4, true) }
}

/** CLOCK_MONOTONIC, as the four have it. */
export function seconds(): number {
  return Number(process.hrtime.bigint()) / 1e9
}
