import { Session } from 'node:inspector/promises'

/** The code of our own compiled sources that has run, as V8 counts it. */
export class Coverage {
  readonly #session = new Session()
  /** Of each function, which bytes of its source have run. */
  readonly #ran = new Map<string, Uint8Array>()

  static async start(): Promise<Coverage> {
    const coverage = new Coverage()
    coverage.#session.connect()
    await coverage.#session.post('Profiler.enable')
    await coverage.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    return coverage
  }

  /** Whether code has run since the last look that never ran before. */
  async hasNew(): Promise<boolean> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    let isNew = false
    for (const { url, scriptId, functions } of result) {
      if (!url.includes('/dist/src/')) continue
      for (const { ranges } of functions) if (this.#add(scriptId, ranges)) isNew = true
    }
    return isNew
  }

  async stop(): Promise<void> {
    await this.#session.post('Profiler.stopPreciseCoverage')
    this.#session.disconnect()
  }

  /** The first range is the function, the others are the blocks in it that ran another number of times. */
  #add(scriptId: string, ranges: readonly { startOffset: number; endOffset: number; count: number }[]): boolean {
    const [whole] = ranges
    if (whole === undefined || whole.count === 0) return false
    const { startOffset, endOffset } = whole
    const now = new Uint8Array(endOffset - startOffset)
    for (const { startOffset: start, endOffset: end, count } of ranges) {
      now.fill(count > 0 ? 1 : 0, start - startOffset, end - startOffset)
    }
    const key = `${scriptId}:${startOffset}:${endOffset}`
    const before = this.#ran.get(key)
    if (before === undefined) {
      this.#ran.set(key, now)
      return true
    }
    let isNew = false
    for (let at = 0; at < now.length; at++) {
      if (now[at] === 0 || before[at] === 1) continue
      before[at] = 1
      isNew = true
    }
    return isNew
  }
}
