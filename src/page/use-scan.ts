import { useEffect, useRef, useState } from 'preact/hooks'
import type { Filter, MessageSeen, PageSource } from '../view/index.ts'

/** Matches that are kept and listed: more of them is another filter. */
const LISTED_MAX = 10_000

interface Progress {
  /** What is looked for; absent while nothing is. */
  readonly filter: Filter | undefined
  readonly messages: readonly MessageSeen[]
  readonly counts: Readonly<Record<string, number>>
  readonly scanned: number
  readonly matched: number
  readonly isRunning: boolean
  readonly problem?: string
}

/** Some of a queue, by index. */
interface Stretch {
  readonly from: number
  readonly before: number
}

export interface Scan extends Progress {
  /** @param stretch Which indexes are looked through; all where it is absent. */
  readonly start: (filter: Filter, stretch?: Stretch) => void
  readonly clear: () => void
}

const NOTHING: Progress = { filter: undefined, messages: [], counts: {}, scanned: 0, matched: 0, isRunning: false }

/** Looks through a queue step by step, for as long as the page shows it. */
export function useScan(source: PageSource, msqid: number): Scan {
  const [progress, setProgress] = useState(NOTHING)
  const current = useRef(0)
  const start = async (filter: Filter, stretch?: Stretch) => {
    const own = ++current.current
    let done: Progress = { ...NOTHING, filter, isRunning: true }
    setProgress(done)
    let after: number | undefined = stretch?.from ?? 0
    while (after !== undefined && own === current.current) {
      try {
        const step: Awaited<ReturnType<typeof ask>> = await ask(after)
        after = step.next
        done = grown(done, step)
      } catch (error) {
        after = undefined
        done = { ...done, problem: error instanceof Error ? error.message : String(error) }
      }
      if (own === current.current) setProgress({ ...done, isRunning: after !== undefined })
    }

    function ask(position: number) {
      return source.call('scan', { msqid, after: position, filter, ...(stretch && { before: stretch.before }) })
    }
  }
  const clear = () => {
    current.current++
    setProgress(NOTHING)
  }
  useEffect(() => clear, [])
  return { ...progress, start: (filter, stretch) => void start(filter, stretch), clear }
}

function grown(
  done: Progress,
  step: {
    readonly messages: readonly MessageSeen[]
    readonly counts: Readonly<Record<string, number>>
    readonly scanned: number
  },
): Progress {
  const counts: Record<string, number> = { ...done.counts }
  let matched = done.matched
  for (const [type, number] of Object.entries(step.counts)) {
    counts[type] = (counts[type] ?? 0) + number
    matched += number
  }
  const messages =
    done.messages.length < LISTED_MAX ? [...done.messages, ...step.messages].slice(0, LISTED_MAX) : done.messages
  return { ...done, messages, counts, matched, scanned: done.scanned + step.scanned }
}
