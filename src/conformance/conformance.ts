import type { Capabilities } from '../contract/index.ts'
import type { ConformanceCase, Context, Need, Target } from './case.ts'

/** Longest that one case may take; the slowest makes 32768 queues. A call that is lost would otherwise wait for ever. */
export const CASE_TIMEOUT_MS = 60_000

/** `test` of node:test, or anything of its shape. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown

export interface ConformanceOptions {
  readonly test: TestFunction
  readonly target: Target
  readonly cases: readonly ConformanceCase[]
}

export interface ConformanceReport {
  /** The cases that were registered. */
  readonly applicable: readonly ConformanceCase[]
  /** The cases that need what this target does not declare. */
  readonly notApplicable: readonly ConformanceCase[]
}

/** Registers a test for every case that applies to the target. */
export function registerCases({ test, target, cases }: ConformanceOptions): ConformanceReport {
  const applicable = cases.filter((conformanceCase) => isApplicable(target, conformanceCase))
  for (const conformanceCase of applicable) {
    test(`${target.name} ${conformanceCase.name}`, () => runCase(target, conformanceCase))
  }
  return { applicable, notApplicable: cases.filter((conformanceCase) => !applicable.includes(conformanceCase)) }
}

/** Whether the target declares what the case needs. */
export function isApplicable(target: Target, { needs = [], options = {} }: ConformanceCase): boolean {
  const capabilities = target.capabilities(options)
  return capabilities !== undefined && needs.every((need) => MEETS[need](capabilities))
}

/**
 * Runs one case in a namespace that the target opens for it; rejects when the target behaves otherwise.
 *
 * @param signal Ends the case early: rejects with the signal's reason, after the namespace was let go of.
 * @throws {LeftOut} this target cannot run the case.
 */
export async function runCase(
  target: Target,
  { options = {}, run }: ConformanceCase,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const opened = await target.open(options)
  const context: Context = {
    self: opened.self,
    get namespace() {
      return opened.self.namespace
    },
    process: (options) => opened.process(options),
    midway: () => opened.midway(),
    untilWaiting: (process, msqid) => opened.untilWaiting(process, msqid),
  }
  const early = startDeadline(signal)
  try {
    await Promise.race([run(context), early.end])
  } finally {
    early.cancel()
    await opened.close()
  }
}

/** What ends a case before it has ended: the deadline, or the signal. */
function startDeadline(signal: AbortSignal): { readonly end: Promise<never>; cancel(): void } {
  const listening = new AbortController()
  const end = new Promise<never>((_, reject) => {
    const error = new Error(`the case has not ended after ${CASE_TIMEOUT_MS} ms: a call waits that should not`)
    const timer = setTimeout(() => reject(error), CASE_TIMEOUT_MS)
    listening.signal.addEventListener('abort', () => clearTimeout(timer))
    signal.addEventListener('abort', () => reject(signal.reason), { signal: listening.signal })
    if (signal.aborted) reject(signal.reason)
  })
  return { end, cancel: () => listening.abort() }
}

const MEETS: Readonly<Record<Need, (capabilities: Capabilities) => boolean>> = {
  'copy by index': ({ copy }) => copy === 'index',
  'copy by counter': ({ copy }) => copy === 'counter',
  'no copy': ({ copy }) => copy === 'none',
  cursors: ({ cursors }) => cursors,
  'no cursors': ({ cursors }) => !cursors,
  held: ({ held }) => held,
  'no held': ({ held }) => !held,
  waiting: ({ waiting }) => waiting,
  'no waiting': ({ waiting }) => !waiting,
  senders: ({ senders }) => senders,
  sync: ({ sync }) => sync !== 'none',
  'sync that refuses': ({ sync }) => sync === 'refuses',
  'sync that blocks': ({ sync }) => sync === 'blocks',
  as: ({ as }) => as,
  'no as': ({ as }) => !as,
  'restores everything': ({ restores }) => restores === 'everything',
  'restores queues': ({ restores }) => restores === 'queues',
}
