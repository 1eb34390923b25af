import type { MutantResult } from '@stryker-mutator/api/core'
import type { MutatedFolder } from './folders.ts'
import { isSurvivor, listedSurvivors, nameOf, survivorOf } from './survivors.ts'

/** Of 100 mutants. */
const KILLED_AT_LEAST = 90

export interface Verdict {
  readonly lines: readonly string[]
  readonly holds: boolean
}

/** The score of a folder, and what is not as the list of survivors has it. */
export function judge({ name, path }: MutatedFolder, mutants: readonly MutantResult[]): Verdict {
  const count = (status: MutantResult['status']) => mutants.filter((mutant) => mutant.status === status).length
  const survivors = mutants.filter(isSurvivor)
  const killed = count('Killed') + count('Timeout')
  const all = killed + survivors.length
  const score = (100 * killed) / all
  const listed = new Map(listedSurvivors().map((survivor) => [nameOf(survivor), survivor]))
  const found = new Set(survivors.map((mutant) => nameOf(survivorOf(mutant))))
  const unlisted = [...found].filter((survivor) => !listed.has(survivor))
  const gone = [...listed.values()]
    .filter(({ file }) => file.startsWith(`${path}/`))
    .filter((each) => !found.has(nameOf(each)))
  const lines = [
    ...unlisted.map((survivor) => `survived, and is not in survivors.txt: ${survivor}`),
    ...gone.map((survivor) => `is in survivors.txt, and was killed or is no more: ${nameOf(survivor)}`),
    `${name}: ${killed} of ${all} mutants are killed, ${score.toFixed(1)} of 100 ` +
      `(${count('Timeout')} of them never ended; ${count('NoCoverage')} survivors are reached by no test; ` +
      `${count('Ignored')} left out, ${count('RuntimeError')} in error)`,
  ]
  return { lines, holds: score >= KILLED_AT_LEAST && unlisted.length === 0 }
}
