import type { ReadSoFar } from '../../backends/daemon/index.ts'
import type { Output } from '../output.ts'
import { Progress } from '../progress.ts'

/** A start that takes less is not worth a line in the log. */
const QUIET_MS = 1_000
const INTERVAL_MS = 5_000
/** What systemd gives a start that goes on telling how far it is. */
const EXTENDED_MS = 60_000

export interface ReplayReportOptions {
  readonly output: Output
  /** Takes a line of the log. */
  readonly log: (read: ReadSoFar) => void
  /** Takes lines for systemd: see sd_notify(3). */
  readonly notify: (state: string) => void
  /** Milliseconds. */
  readonly now?: () => number
}

/** Tells how far the replay of a long journal is: to whoever sits at the terminal, reads the log, or started the service. */
export class ReplayReport implements Disposable {
  readonly #options: ReplayReportOptions
  readonly #now: () => number
  #toldAt: number
  #progress: Progress | undefined

  constructor(options: ReplayReportOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#toldAt = this.#now() + QUIET_MS - INTERVAL_MS
  }

  update(read: ReadSoFar): void {
    const { output, log, notify } = this.#options
    const { bytes, totalBytes } = read
    this.#progress ??= new Progress(output, { doing: 'replaying', unit: 'bytes', total: totalBytes, now: this.#now })
    this.#progress.update(bytes)
    if (this.#now() - this.#toldAt < INTERVAL_MS) return
    this.#toldAt = this.#now()
    output.status(undefined)
    log(read)
    const percent = Math.floor((100 * bytes) / totalBytes)
    notify(`STATUS=replaying the journal: ${percent}%\nEXTEND_TIMEOUT_USEC=${EXTENDED_MS * 1000}`)
  }

  [Symbol.dispose](): void {
    this.#progress?.[Symbol.dispose]()
  }
}
