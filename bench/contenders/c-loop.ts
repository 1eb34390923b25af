import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Contender } from '../contender.ts'
import { cLoopIn } from '../requirements.ts'
import { BATCH, type CallKind, SIZE_BYTES } from './embedded-queue.ts'

/** The compiled bench/c-loop.c, on the real kernel; it times itself. */
class CLoop {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>
  #complaint = ''

  /** @param launcher What runs it: a command and its words, which the program's follow. */
  constructor(scratch: string, launcher: readonly string[] = []) {
    const [command = '', ...words] = [...launcher, cLoopIn(scratch)]
    this.#process = spawn(command, words, { stdio: 'pipe' })
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint += text
    })
  }

  /** Gives one order. @returns The nanoseconds that its work took. @throws {Error} What the program found wrong. */
  async order(line: string): Promise<number> {
    this.#process.stdin.write(`${line}\n`)
    const { value, done } = await this.#answers.next()
    const [, ns] = /^ok (\d+)$/.exec(done ? '' : value) ?? []
    if (ns === undefined) throw new Error(`the C loop, asked to ${line}: ${this.#complaint.trim() || 'no answer'}`)
    return Number(ns)
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.stdin.end()
    await ended
  }
}

/** Send and receive a message. */
export async function cPairs(scratch: string, sizeBytes: number, launcher?: readonly string[]): Promise<Contender> {
  const loop = new CLoop(scratch, launcher)
  return {
    check: async () => void (await loop.order(`check ${sizeBytes}`)),
    time: async (count) => (await loop.order(`pair ${sizeBytes} ${count}`)) / count,
    close: () => loop.close(),
  }
}

/** One kind of call on a queue that stays at one depth. @param uses How many such calls go before. */
export async function cCalls(
  scratch: string,
  kind: CallKind,
  depth: number,
  types: number,
  uses: number = 0,
): Promise<Contender> {
  const loop = await filled(scratch, depth, types)
  await loop.order(`call ${kind} ${Math.ceil(uses / BATCH)}`)
  return {
    check: async () => void (await loop.order(`call ${kind} 1`)),
    time: async (count) => {
      const batches = Math.ceil(count / BATCH)
      return (await loop.order(`call ${kind} ${batches}`)) / (batches * BATCH)
    },
    close: () => loop.close(),
  }
}

/** Copy everything, index by index. */
export async function cCopiesOfAll(scratch: string, depth: number): Promise<Contender> {
  const loop = await filled(scratch, depth, depth)
  return {
    // The loop compares each message that it copies with what was sent, while it is timed too.
    check: async () => void (await loop.order('copy-at 100')),
    time: async (count) => {
      let ns = 0
      for (let pass = 0; pass < count; pass++) ns += await loop.order('copy-all')
      return ns / count
    },
    close: () => loop.close(),
  }
}

/** Copy at random indexes. */
export async function cCopiesAt(scratch: string, depth: number): Promise<Contender> {
  const loop = await filled(scratch, depth, depth)
  return {
    check: async () => void (await loop.order('copy-at 1')),
    time: async (count) => (await loop.order(`copy-at ${count}`)) / count,
    close: () => loop.close(),
  }
}

async function filled(scratch: string, depth: number, types: number): Promise<CLoop> {
  const loop = new CLoop(scratch)
  await loop.order(`fill ${depth} ${SIZE_BYTES} ${types}`)
  return loop
}
