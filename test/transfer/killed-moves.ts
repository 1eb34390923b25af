import { equal, ok } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { INT_MAX, IPC_NOWAIT, type Msgbuf } from '../../src/abi/index.ts'
import { SyscallError } from '../../src/contract/index.ts'
import type { QueuePlace } from '../../src/transfer/index.ts'
import { MSGQ } from '../cli/child.ts'

/** Messages sent or received in one turn of the event loop. */
const BATCH = 64

/** What `msgq mv` told of a message that it found in the spool. */
interface Found {
  readonly type: number
  readonly bytes: number
  readonly mayBeDoubled: boolean
  readonly mayBeCut: boolean
}

/** What came of many moves that were killed. */
export interface Tally {
  readonly sent: number
  readonly kills: number
  readonly found: readonly Found[]
  /** Numbers of messages that came more than once. */
  readonly doubled: readonly number[]
}

/** The numbered messages of a test: the type is the number, and tells length and bytes; lengths go down to 0. */
export function numbered(number: number): Msgbuf {
  const sizeBytes = number % 5 === 0 ? 0 : number % 61 === 0 ? 8_000 : (number * 7) % 300
  return { mtype: number, mtext: Uint8Array.from({ length: sizeBytes }, (_, at) => number * 31 + at * 7) }
}

/** Sends numbered messages into a source, takes them from a target, and has `msgq mv` killed between them. */
export class KilledMoves {
  readonly #source: QueuePlace
  readonly #target: QueuePlace
  readonly #words: readonly string[]
  readonly #found: Found[] = []
  readonly #received = new Map<number, number>()
  #receivedCount = 0
  #lastNew = 0
  #sent = 0
  #kills = 0

  constructor(source: QueuePlace, target: QueuePlace, spool: string) {
    this.#source = source
    this.#target = target
    const places = [source, target].flatMap(({ namespace, msqid }) => [namespace.url, String(msqid)])
    this.#words = [MSGQ, 'mv', ...places, '--spool', spool, '--json']
  }

  /**
   * One move under load, killed when it has brought `messages` messages and `microseconds` later.
   *
   * @param most Messages that are on the source at once: 1 has the move wait for most of them.
   */
  async killedAfter(messages: number, microseconds: number, most: number): Promise<void> {
    const child = this.#start(['--follow'])
    const until = this.#receivedCount + messages
    while (this.#receivedCount < until) {
      equal(child.exitCode, null, 'msgq mv ended by itself')
      this.#pump(most)
      await turn()
    }
    const since = process.hrtime.bigint()
    while (process.hrtime.bigint() - since < microseconds * 1_000) this.#pump(most)
    child.kill('SIGKILL')
    this.#kills++
    await ended(child)
  }

  /** Moves what is left, and says what became of all messages. @throws one is lost, changed, or doubled unannounced. */
  async tally(): Promise<Tally> {
    while (this.#received.size < this.#sent) {
      const before = this.#received.size
      const child = this.#start([])
      const [status] = await ended(child, () => this.#drain())
      equal(status, 0)
      this.#drain()
      ok(this.#received.size > before, `message ${this.#firstMissing()} of ${this.#sent} is lost`)
    }
    const doubled = [...this.#received].filter(([, times]) => times > 1)
    for (const [number, times] of doubled) {
      const told = this.#found.filter(({ type, mayBeDoubled }) => mayBeDoubled && type === number).length
      ok(times <= 1 + told, `message ${number} came ${times} times, and ${told} of them were announced`)
    }
    for (const { type, bytes, mayBeCut } of this.#found) {
      equal(mayBeCut, false, `nobody else receives, but message ${type} may be cut`)
      equal(bytes, numbered(type).mtext.length)
    }
    return { sent: this.#sent, kills: this.#kills, found: this.#found, doubled: doubled.map(([number]) => number) }
  }

  #start(options: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [...this.#words, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
    let told = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      told += chunk.toString()
    })
    child.on('close', () => {
      for (const line of told.split('\n').filter((each) => each.endsWith('}'))) {
        const { found } = JSON.parse(line) as { found?: Found }
        if (found !== undefined) this.#found.push(found)
      }
    })
    return child
  }

  #pump(most: number): void {
    const { namespace, msqid } = this.#source
    this.#drain()
    for (let sent = 0; sent < BATCH && this.#sent - this.#received.size < most; sent++) {
      if (refused('EAGAIN', () => namespace.sync.msgsnd(msqid, numbered(this.#sent + 1), IPC_NOWAIT))) return
      this.#sent++
    }
  }

  #drain(): void {
    const { namespace, msqid } = this.#target
    for (;;) {
      let message: Msgbuf | undefined
      if (refused('ENOMSG', () => (message = namespace.sync.msgrcv(msqid, INT_MAX, 0, IPC_NOWAIT)))) return
      if (message !== undefined) this.#check(message)
    }
  }

  #check({ mtype, mtext }: Msgbuf): void {
    const number = Number(mtype)
    const wanted = numbered(number).mtext
    ok(Buffer.compare(mtext, wanted) === 0, `message ${number} has ${mtext.length} bytes, not its ${wanted.length}`)
    const times = (this.#received.get(number) ?? 0) + 1
    this.#received.set(number, times)
    this.#receivedCount++
    if (times > 1) return
    equal(number, this.#lastNew + 1, 'messages come in order')
    this.#lastNew = number
  }

  #firstMissing(): number {
    let number = 1
    while (this.#received.has(number)) number++
    return number
  }
}

/** Waits for a child's end, its output read; `meanwhile` is done until then. */
async function ended(child: ChildProcess, meanwhile: () => void = () => undefined): Promise<unknown[]> {
  let isClosed = false
  const closed = once(child, 'close').finally(() => {
    isClosed = true
  })
  while (!isClosed) {
    meanwhile()
    await turn()
  }
  return closed
}

function refused(code: string, call: () => unknown): boolean {
  try {
    call()
    return false
  } catch (error) {
    if (error instanceof SyscallError && error.code === code) return true
    throw error
  }
}
