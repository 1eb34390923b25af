import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of the clock that /proc counts in. Source: sysconf(_SC_CLK_TCK), 100 on every Linux that Node runs on. */
const TICK_MS = 10
/** A process that is kept waiting may by chance sleep whenever it is looked at. */
const LOOKS_LEAST = 16

/**
 * What a process has used of a processor, and for how long it used none and wanted none: what other work the machine
 * does makes neither longer. Source: proc_pid_stat(5), state, utime, stime.
 */
export class ProcessTime {
  readonly #pid: number
  #startMs: number | undefined
  #lastMs = 0
  #quietSince: number | undefined
  #quietLooks = 0

  constructor(pid: number) {
    this.#pid = pid
  }

  /** Counts from the next look on. */
  restart(): void {
    this.#startMs = undefined
    this.#restartQuiet()
  }

  look(): { readonly cpuMs: number; readonly idleMs: number } {
    try {
      const [, , usedMs] = statOf(`/proc/${this.#pid}/stat`)
      const isQuiet = usedMs === this.#lastMs && this.#allSleep()
      this.#lastMs = usedMs
      this.#startMs ??= usedMs
      if (!isQuiet) this.#restartQuiet()
      this.#quietSince ??= Date.now()
      this.#quietLooks++
      // Whoever looks is kept waiting as well: few looks say nothing, however far apart.
      const idleMs = this.#quietLooks < LOOKS_LEAST ? 0 : Date.now() - this.#quietSince
      return { cpuMs: usedMs - this.#startMs, idleMs }
    } catch {
      // It has ended, as we shall hear.
      return { cpuMs: 0, idleMs: 0 }
    }
  }

  #restartQuiet(): void {
    this.#quietSince = undefined
    this.#quietLooks = 0
  }

  /** Whether no thread waits for a processor. */
  #allSleep(): boolean {
    const tasks = `/proc/${this.#pid}/task`
    return readdirSync(tasks).every((tid) => statOf(`${tasks}/${tid}/stat`)[1] === 'S')
  }
}

function statOf(path: string): readonly [comm: string, state: string, usedMs: number] {
  const text = readFileSync(path, 'utf8')
  // The name is in brackets and may hold anything.
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  const [utime, stime] = [Number(fields[11]), Number(fields[12])]
  return [text.slice(0, end), fields[0] ?? '', TICK_MS * (utime + stime)]
}
