/** What is wrong with an image, and where. */
export interface ImageErrorDetails {
  /** The byte of the file at which the fault was seen, from 0. */
  readonly offset?: number
  /** What stands there instead. */
  readonly found?: string | undefined
  readonly cause?: unknown
}

/** An image cannot be read, or cannot be written as asked. Names the file, the place and what was expected there. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly code = 'ERR_MSGQ_IMAGE'
  /** The file's name in the image's directory, or the directory itself. */
  readonly file: string
  readonly offset?: number
  /** What was expected, in words. */
  readonly expected: string

  constructor(file: string, expected: string, { offset, found, cause }: ImageErrorDetails = {}) {
    const where = offset === undefined ? file : `${file}, byte ${offset}`
    const instead = found === undefined ? '' : `, found ${found}`
    super(`ERR_MSGQ_IMAGE: ${where}: expected ${expected}${instead}`, cause === undefined ? undefined : { cause })
    this.file = file
    this.expected = expected
    if (offset !== undefined) this.offset = offset
  }
}
