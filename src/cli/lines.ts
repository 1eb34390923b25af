const LINE_FEED = 0x0a

/** One line of a stream. */
export interface Line {
  /** Counted from 1. */
  readonly number: number
  /** Without the line break. */
  readonly bytes: Uint8Array
  /** How many bytes of the stream end with it. */
  readonly end: number
}

/**
 * The lines of a stream, as they come.
 *
 * @param mostBytes Longest line that is collected: an endless one must not fill the memory.
 * @param tooLong Makes the error that a longer line ends in, of its number.
 */
export async function* linesOf(
  stream: AsyncIterable<Uint8Array>,
  mostBytes: number,
  tooLong: (number: number) => Error,
): AsyncGenerator<Line, void, undefined> {
  let parts: Uint8Array[] = []
  let length = 0
  let number = 1
  let end = 0
  const collect = (part: Uint8Array) => {
    length += part.length
    end += part.length
    if (length > mostBytes) throw tooLong(number)
    parts.push(part)
  }
  const line = (): Line => {
    const bytes = Buffer.concat(parts, length)
    parts = []
    length = 0
    return { number: number++, bytes, end }
  }
  for await (const chunk of stream) {
    let start = 0
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, start)) {
      collect(chunk.subarray(start, at))
      end++
      yield line()
      start = at + 1
    }
    collect(chunk.subarray(start))
  }
  if (length > 0) yield line()
}
