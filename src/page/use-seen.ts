import { useEffect, useRef, useState } from 'preact/hooks'
import type { PageSource, Seen } from '../view/index.ts'

/** Two minutes for the table's small charts; the large one asks the server for more. */
const SAMPLES_MAX = 120

export interface Watched {
  readonly seen: Seen | undefined
  /** Why nothing comes any more. */
  readonly lost: string | undefined
  readonly depths: ReadonlyMap<number, readonly number[]>
}

/** The namespace, as it changes. */
export function useSeen(source: PageSource): Watched {
  const [watched, setWatched] = useState<Watched>({ seen: undefined, lost: undefined, depths: new Map() })
  const depths = useRef(new Map<number, number[]>())
  useEffect(
    () =>
      source.subscribe(
        (seen) => {
          const kept = new Map<number, number[]>()
          for (const { msqid, qnum } of seen.queues) {
            kept.set(msqid, [...(depths.current.get(msqid) ?? []), qnum].slice(-SAMPLES_MAX))
          }
          depths.current = kept
          setWatched({ seen, lost: undefined, depths: kept })
        },
        (lost) => setWatched((before) => (before.lost === lost ? before : { ...before, lost })),
      ),
    [source],
  )
  return watched
}
