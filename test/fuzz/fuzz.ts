import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../oracle/random.ts'
import { Coverage } from './coverage.ts'
import { mutated } from './mutate.ts'
import type { Parser } from './parser.ts'
import { Watchdog } from './watchdog.ts'

const CORPUS = join(import.meta.dirname, '..', '..', '..', 'test', 'fuzz', 'corpus')
/** Inputs between two looks at what has run. */
const BATCH = 64
/** What reading inputs of 64 KiB at most may add to the memory of this process. */
const RESIDENT_BYTES_MAX = 512 * 2 ** 20
/** A corpus in the repository stays small. */
const KEPT_BYTES_MAX = 2_048

export interface FuzzOptions {
  readonly seed: number
  readonly count: number
  /** Write inputs that reach what none before did into the corpus. */
  readonly keep?: boolean
  /** Go by what code has run. Default true; without it a run takes a third of the time. */
  readonly isGuided?: boolean
}

export interface FuzzReport {
  readonly inputs: number
  readonly refused: number
  /** Inputs that reached code which none before did. */
  readonly kept: number
}

/** The files of a parser's corpus. */
export function corpusOf({ name, seeds }: Parser): Uint8Array[] {
  const folder = join(CORPUS, name)
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
  return [...files.map((entry) => new Uint8Array(readFileSync(join(folder, entry.name)))), ...(seeds?.() ?? [])]
}

/**
 * Reads mutations of a corpus; those that reach new code are mutated too.
 *
 * @throws {Error} An input crashed the parser, took too much memory, or broke a promise: the message has the input.
 */
export async function fuzz(
  parser: Parser,
  { seed, count, keep = false, isGuided = true }: FuzzOptions,
): Promise<FuzzReport> {
  const random = new Random(seed)
  const inputs = corpusOf(parser)
  const words = parser.words ?? []
  const again = `npm run fuzz -- --parser ${parser.name} --seed ${seed} --count ${count}`
  await using watchdog = new Watchdog(again)
  let refused = 0
  const most = Math.ceil(count / (parser.cost ?? 1))
  const coverage = isGuided ? await Coverage.start() : undefined
  for (const input of inputs) if (await isRefused(parser, input, again)) refused++
  const begun = process.memoryUsage.rss()
  let kept = 0
  try {
    await coverage?.hasNew()
    for (let number = 0; number < most; number += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, most - number) }, () => mutated(random, inputs, words))
      for (const [index, input] of batch.entries()) {
        watchdog.reads(number + index)
        if (await isRefused(parser, input, again)) refused++
      }
      if (process.memoryUsage.rss() - begun > RESIDENT_BYTES_MAX) throw new Error(`${again}: too much memory`)
      if (coverage === undefined || !(await coverage.hasNew())) continue
      // Which of them it was would cost a look each: all are mutated on, and the shortest is the one to keep.
      inputs.push(...batch)
      kept++
      const [shortest = new Uint8Array()] = batch.sort((a, b) => a.length - b.length)
      if (keep && shortest.length <= KEPT_BYTES_MAX) keepInput(parser, shortest)
    }
    return { inputs: most, refused, kept }
  } finally {
    await coverage?.stop()
    await parser.close?.()
  }
}

async function isRefused({ parse, refusals }: Parser, input: Uint8Array, again: string): Promise<boolean> {
  try {
    await parse(input)
    return false
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal)) return true
    const bytes = Buffer.from(input)
    const shown = `${JSON.stringify(bytes.toString('latin1').slice(0, 400))}, in base64 ${bytes.toString('base64').slice(0, 4000)}`
    throw new Error(`${again}: ${error instanceof Error ? error.stack : error}\nof the input ${shown}`, {
      cause: error,
    })
  }
}

function keepInput({ name }: Parser, input: Uint8Array): void {
  const folder = join(CORPUS, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `found-${readdirSync(folder).length}`), input)
}
