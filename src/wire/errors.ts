/** Bytes that are not what the format says. Nothing of them was used. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code = 'ERR_MSGQ_WIRE'
  /** The byte at which the fault was seen, counted from 0 of what was given to the decoder. */
  readonly offset: number
  /** What was expected, in words. */
  readonly expected: string

  constructor(offset: number, expected: string) {
    super(`ERR_MSGQ_WIRE: byte ${offset}: expected ${expected}`)
    this.offset = offset
    this.expected = expected
  }
}
