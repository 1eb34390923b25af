import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isThere, type Process } from './processes.ts'

/** What is stopped, or will be at once, and must go on: kept by us, and by the guard that outlives us. */
export class Holdings {
  readonly #kept: Kept[] = []

  /** Remembers processes that SIGSTOP is sent to, in this order. */
  keepProcesses(processes: readonly Process[]): void {
    for (const process of processes) this.#kept.push({ process })
  }

  /**
   * Remembers a cgroup that is frozen, by its open file: another one of the same name is never meant.
   *
   * @returns `false` when it cannot be (the root has no freezer, a container's cgroups are read-only), or somebody has
   *   frozen it already, who will let it go on.
   */
  keepCgroup(folder: string): boolean {
    try {
      const path = join(folder, 'cgroup.freeze')
      if (readFileSync(path, 'utf8').trim() !== '0') return false
      this.#kept.push({ file: openSync(path, 'r+') })
      return true
    } catch {
      return false
    }
  }

  /**
   * Lets all of them go on, the last first: children before the parents that were stopped before them.
   *
   * @returns What went wrong; one that cannot go on holds back no other.
   */
  goOn(): unknown[] {
    const problems: unknown[] = []
    for (let kept = this.#kept.pop(); kept !== undefined; kept = this.#kept.pop()) {
      try {
        letGoOn(kept)
      } catch (problem) {
        problems.push(problem)
      }
    }
    return problems
  }

  /** Keeps none of them any more: another has let them go on. */
  forget(): void {
    for (const kept of this.#kept.splice(0)) if ('file' in kept) closeSync(kept.file)
  }
}

/** A process, or a cgroup's open `cgroup.freeze`. */
type Kept = { readonly process: Process } | { readonly file: number }

function letGoOn(kept: Kept): void {
  if ('file' in kept) return thaw(kept.file)
  // Its number may be another's by now.
  if (isThere(kept.process)) sendSignal(kept.process.pid, 'SIGCONT')
}

/** Sends a signal to a process, which may end meanwhile. @returns Whether it was there. */
export function sendSignal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

/** A cgroup that was removed meanwhile holds nobody. */
function thaw(file: number): void {
  try {
    writeSync(file, '0')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENODEV')) throw error
  } finally {
    closeSync(file)
  }
}
