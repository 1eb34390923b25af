import type { Output } from './output.ts'
import { sizeOf, spanOf } from './words.ts'

/** Work that is done before is not worth a line. */
const QUIET_MS = 500
/** Faster than that nobody reads. */
const INTERVAL_MS = 100
const BAR_COLUMNS = 20

export interface ProgressOptions {
  /** What is being done, as the line begins: `sending`. */
  readonly doing: string
  readonly unit: 'messages' | 'bytes' | 'cases'
  /** How much there is to do, where that is known: then there is a bar. */
  readonly total?: number | undefined
  /** Milliseconds. */
  readonly now?: () => number
}

/**
 * Tells on a terminal's standard error how far long work is, and is gone when the work ends:
 *
 *   using progress = new Progress(output, { doing: 'moving', unit: 'messages', total: qnum })
 *   for (…) progress.update(++moved)
 */
export class Progress implements Disposable {
  readonly #output: Output
  readonly #options: ProgressOptions
  readonly #now: () => number
  readonly #startedAt: number
  #drawnAt = Number.NEGATIVE_INFINITY

  constructor(output: Output, options: ProgressOptions) {
    this.#output = output
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#startedAt = this.#now()
  }

  /** Says how much is done since the beginning. Cheap enough for every message. */
  update(done: number): void {
    const now = this.#now()
    if (now - this.#startedAt < QUIET_MS || now - this.#drawnAt < INTERVAL_MS) return
    this.#drawnAt = now
    this.#output.status(progressLine(this.#options, done, now - this.#startedAt))
  }

  [Symbol.dispose](): void {
    this.#output.status(undefined)
  }
}

/** `sending: 1200 of 5000 messages  [####................]  24%  3 s left` */
function progressLine({ doing, unit, total }: ProgressOptions, done: number, elapsedMs: number): string {
  const amount = (number: number) => (unit === 'bytes' ? sizeOf(number) : String(number))
  const noun = unit === 'bytes' ? '' : ` ${unit}`
  if (total === undefined || total === 0) {
    const perSecond = Math.round((done * 1000) / elapsedMs)
    return `${doing}: ${amount(done)}${noun}, ${amount(perSecond)}/s`
  }
  const share = Math.min(done / total, 1)
  const filled = Math.floor(share * BAR_COLUMNS)
  const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR_COLUMNS - filled)}`
  const left = done === 0 ? '' : `  ${spanOf((elapsedMs * (total - done)) / done / 1000)} left`
  return `${doing}: ${amount(done)} of ${amount(total)}${noun}  [${bar}]  ${Math.floor(share * 100)}%${left}`
}
