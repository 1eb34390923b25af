import type { Process } from './processes.ts'

/** What we and the guard say to each other: one JSON value a line. */

/** To the guard. The end of its input means: let all that are kept go on, and end. */
export type ToGuard =
  /** Processes are about to be stopped. */
  | { readonly word: 'keep processes'; readonly processes: readonly Process[] }
  /** A cgroup is about to be frozen. */
  | { readonly word: 'keep cgroup'; readonly folder: string }
  /** All that are kept are to go on. */
  | { readonly word: 'go on' }
  /** We live, and are not stopped ourselves: this alone has no answer. */
  | { readonly word: 'alive' }

/** From the guard: `ready` or `busy` once, then `done` or `refused` for each thing it was told. */
export type FromGuard = 'ready' | 'busy' | 'done' | 'refused'

/** How often we say that we live: a few times within the silence that the guard bears. */
export const ALIVE_MS = 1_000

/**
 * After a silence as long as this the guard lets all go on: we are stopped ourselves (a Ctrl-Z), or wait for someone
 * whom we have stopped. Longer than a busy machine keeps a process from running.
 */
export const SILENCE_MS_MAX = 10_000

/** Splits what arrives into lines; one that is cut off by the end is none. */
export function lineReader(take: (line: string) => void): (chunk: string) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
}
