/** A process that runs the lives that `runManyLives` asks it for, one after the other: a world takes the whole process. */
import { type Kind, type LifeReport, runLives } from './lives.ts'

/** A life that is wanted. */
export interface WantedLife {
  readonly kind: Kind
  readonly seed: number
}

/** How it went. */
export type EndOfLife =
  | (Omit<LifeReport, 'counts'> & { readonly counts: readonly (readonly [what: string, count: number])[] })
  | { readonly failed: string }

process.on('message', ({ kind, seed }: WantedLife) => {
  const onLife = (_: number, report: LifeReport) => tell({ ...report, counts: [...report.counts] })
  runLives({ kind, seed, lives: 1, onLife }).catch((error: unknown) => {
    tell({ failed: error instanceof Error ? error.message : String(error) })
  })
})

function tell(end: EndOfLife): void {
  process.send?.(end)
}
