import { type Sink, write } from './sink.ts'

/** A terminal that does not know its size (a serial line) says 0. */
const [DEFAULT_COLUMNS, DEFAULT_ROWS] = [80, 24]
/** The alternate screen (xterm's DECSET 1049), which leaves what stands on the terminal alone; the cursor hidden (DECTCEM). */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
/** Cursor Position, Erase in Line and Erase in Page, ECMA-48 8.3.21, 8.3.41 and 8.3.39. */
const [HOME, ERASE_LINE, ERASE_BELOW] = ['\x1b[H', '\x1b[2K', '\x1b[J']

/** A whole terminal to draw on. It is as it was before once this is left, however the process ends. */
export class Screen implements Disposable {
  readonly #sink: Sink
  #isEntered = false
  readonly #leave = () => this.leave()

  constructor(sink: Sink) {
    this.#sink = sink
    // A second signal ends the process there and then.
    process.on('exit', this.#leave)
  }

  get columns(): number {
    return this.#sink.columns || DEFAULT_COLUMNS
  }

  get rows(): number {
    return this.#sink.rows || DEFAULT_ROWS
  }

  /** Calls back when the terminal has another size, until the returned function is called. */
  onResize(listener: () => void): () => void {
    this.#sink.on('resize', listener)
    return () => void this.#sink.off('resize', listener)
  }

  /** Shows these lines, each no longer than the screen is wide, in place of all that is there. @throws {ClosedPipe} */
  draw(lines: readonly string[]): Promise<void> {
    const enter = this.#isEntered ? '' : ENTER
    this.#isEntered = true
    // Each line is erased before it is written: after one that fills its line, the cursor stands on its last character.
    const drawn = lines.map((line) => `${ERASE_LINE}${line}`).join('\r\n')
    return write(this.#sink, `${enter}${HOME}${drawn}${lines.length < this.rows ? `\r\n${ERASE_BELOW}` : ''}`)
  }

  /** Gives the terminal back; the next `draw` takes it again. */
  leave(): void {
    if (!this.#isEntered) return
    this.#isEntered = false
    // Written at once: writes to terminals wait. A terminal that is gone needs nothing.
    this.#sink.write(LEAVE, () => undefined)
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#leave)
    this.leave()
  }
}
