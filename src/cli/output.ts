import { ClosedPipe } from './errors.ts'
import { Screen } from './screen.ts'
import { type Sink, write } from './sink.ts'

/** Words made to stand out, where a person reads them. */
export interface Style {
  bold(words: string): string
  dim(words: string): string
  red(words: string): string
}

/** Data goes to standard output, messages to standard error. */
export class Output {
  readonly isJson: boolean
  readonly style: Style
  readonly errorStyle: Style
  readonly #out: Sink
  readonly #error: Sink
  readonly #hasStatus: boolean
  readonly #canDraw: boolean
  #isStatusShown = false

  constructor(out: Sink, error: Sink, { isJson, environment }: { isJson: boolean; environment: NodeJS.ProcessEnv }) {
    this.isJson = isJson
    this.style = styleFor(out, environment)
    this.errorStyle = styleFor(error, environment)
    this.#out = out
    this.#error = error
    const { TERM } = environment
    this.#hasStatus = error.isTTY === true && TERM !== 'dumb'
    this.#canDraw = out.isTTY === true && TERM !== 'dumb'
    // A stream emits its write errors also here, and an error that nobody listens to ends the process.
    out.on('error', ignoreSecondReport)
    error.on('error', ignoreSecondReport)
  }

  /** Writes lines of data. @throws {ClosedPipe} nobody reads them any more. */
  async lines(...lines: readonly string[]): Promise<void> {
    await this.bytes(lines.map((line) => `${line}\n`).join(''))
  }

  /** Writes a value as one line of JSON. @throws {ClosedPipe} */
  async json(value: unknown): Promise<void> {
    await this.lines(toJson(value))
  }

  /** Writes bytes as they are; they are with the reader, or its pipe, when this returns. @throws {ClosedPipe} */
  bytes(chunk: string | Uint8Array): Promise<void> {
    if (this.#out.isTTY) this.status(undefined)
    return write(this.#out, chunk)
  }

  /** The whole terminal, to draw on again and again; `undefined` where standard output is none that can. */
  screen(): Screen | undefined {
    return this.#canDraw ? new Screen(this.#out) : undefined
  }

  /** Tells the person something that is not data. A standard error that nobody reads is no reason to fail. */
  async note(message: string): Promise<void> {
    this.status(undefined)
    try {
      await write(this.#error, `${message}\n`)
    } catch (error) {
      if (!(error instanceof ClosedPipe)) throw error
    }
  }

  /**
   * Shows a line at the bottom of the terminal, in place of the one before; `undefined` takes it away, and so does
   * whatever is written after it. Nothing where standard error is no terminal.
   */
  status(line: string | undefined): void {
    if (!this.#hasStatus || (line === undefined && !this.#isStatusShown)) return
    // The last column stays free: some terminals go on to the next line when it is written.
    // A terminal that does not know its width (a serial line) says 0.
    const shown = line?.slice(0, (this.#error.columns || DEFAULT_COLUMNS) - 1) ?? ''
    this.#error.write(`${LINE_START_AND_ERASE}${shown}`, ignoreSecondReport)
    this.#isStatusShown = line !== undefined
  }
}

const DEFAULT_COLUMNS = 80
/** Carriage return; Erase in Line, ECMA-48 8.3.41. */
const LINE_START_AND_ERASE = '\r\x1b[2K'

/** JSON with exact integers: a number while that is exact, a string of digits beyond. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? inner.toString() : inner))
}

function ignoreSecondReport(): undefined {
  // The callback of write() has rejected with it already.
  return undefined
}

/** Colours on a terminal only, and not where the user set NO_COLOR (https://no-color.org) or TERM=dumb. */
function styleFor(sink: Sink, environment: NodeJS.ProcessEnv): Style {
  const { NO_COLOR, TERM } = environment
  if (!sink.isTTY || (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb') return PLAIN
  return { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39) }
}

/** Words as they are. */
export const PLAIN: Style = { bold: same, dim: same, red: same }

function same(words: string): string {
  return words
}

/** Select Graphic Rendition, ECMA-48 8.3.117. */
function sgr(on: number, off: number): (words: string) => string {
  return (words) => `\x1b[${on}m${words}\x1b[${off}m`
}
