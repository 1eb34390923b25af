import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { hashOf, type Kind, repeats } from './lives.ts'
import type { EndOfLife, WantedLife } from './lives-worker.ts'

/** What became of many lives. */
export interface ManyLives {
  readonly lives: number
  /** As `runLives` has it, where none failed. */
  readonly hash: string
  /** Of simulated time. */
  readonly hours: number
  readonly events: number
  readonly counts: ReadonlyMap<string, number>
  /** Of each that failed what it said, with the command that repeats it. */
  readonly failures: readonly string[]
}

export interface ManyLivesOptions {
  readonly kind: Kind
  /** Of the first life, and one more for each of the next. */
  readonly seed: number
  readonly lives: number
  /** Default: one for each processor. */
  readonly processes?: number
  /** Hears of each life that has ended. */
  readonly onEnd?: (lived: number, failure: string | undefined) => void
}

/** Runs lives in several processes: each seed's life is the one that it is everywhere. One that fails ends no other. */
export async function runManyLives(options: ManyLivesOptions): Promise<ManyLives> {
  const { kind, seed, lives, processes = availableParallelism(), onEnd } = options
  const counts = new Map<string, number>()
  const failures: string[] = []
  const hashes: string[] = []
  let [next, lived, hours, events] = [0, 0, 0, 0]
  const ended = (place: number, end: EndOfLife) => {
    lived++
    if ('failed' in end) failures.push(end.failed)
    else {
      hashes[place] = end.hash
      hours += end.hours
      events += end.events
      for (const [what, count] of end.counts) counts.set(what, (counts.get(what) ?? 0) + count)
    }
    onEnd?.(lived, 'failed' in end ? end.failed : undefined)
  }
  const worker = async () => {
    let child: ChildProcess | undefined
    while (next < lives) {
      const place = next++
      if (child?.connected !== true) child = fork(new URL('./lives-worker.js', import.meta.url))
      ended(place, await lifeIn(child, { kind, seed: (seed + place) >>> 0 }))
    }
    child?.disconnect()
  }
  await Promise.all(Array.from({ length: Math.min(processes, lives) }, worker))
  return { lives: lived, hash: hashOf(hashes), hours, events, counts, failures }
}

/** Has a process run a life. One in which the process ends has failed. */
function lifeIn(child: ChildProcess, wanted: WantedLife): Promise<EndOfLife> {
  return new Promise((resolve) => {
    const told = (end: EndOfLife) => {
      child.off('exit', gone)
      resolve(end)
    }
    const gone = (code: number | null, signal: string | null) => {
      child.off('message', told)
      resolve({ failed: `its process ended: ${signal ?? code}\n${repeats(wanted.kind, wanted.seed)}` })
    }
    child.once('message', told).once('exit', gone)
    child.send(wanted)
  })
}
