import type { IncomingMessage } from 'node:http'
import { type ImageFiles, readImageBytes } from '../image/index.ts'
import { IMAGE_BYTES_MAX, type ImageSeen, type NamespaceView } from '../view/index.ts'

/** An image has three files. */
const FILES_MAX = 8

/** Images that pages bring, one at a time: each is in memory twice, as its bytes and as what they say. */
export class Uploads {
  readonly #view: NamespaceView
  #isReading = false

  constructor(view: NamespaceView) {
    this.#view = view
  }

  /**
   * Reads an image that a page sends, its files one after the other, named with their sizes by `name` and `size` in the
   * query, and puts it on the shelf.
   *
   * @throws {RangeError} too large, too many, or not as long as was said. @throws {ImageError} it is no image.
   * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` this inspector only reads.
   */
  async receive(request: IncomingMessage, query: URLSearchParams): Promise<ImageSeen> {
    const view = this.#view
    view.assertMayChange('upload')
    view.assertRoomForImage()
    const [names, sizes] = [query.getAll('name'), query.getAll('size').map(Number)]
    const total = sizes.reduce((sum, size) => sum + size, 0)
    const areSizes = sizes.every((size) => Number.isSafeInteger(size) && size >= 0)
    if (names.length === 0 || names.length > FILES_MAX || names.length !== sizes.length || !areSizes) {
      throw new RangeError(`an image has 1 to ${FILES_MAX} files, each with its name and size`)
    }
    if (total > IMAGE_BYTES_MAX) {
      throw new RangeError(`it has ${total} bytes, and the page looks into ${IMAGE_BYTES_MAX}: see msgq image`)
    }
    if (this.#isReading) throw new RangeError('another image is being read: try again')
    this.#isReading = true
    try {
      const bytes = await readAll(request, total)
      const files = new Map<string, Uint8Array>()
      let start = 0
      names.forEach((name, at) => {
        const end = start + (sizes[at] ?? 0)
        files.set(name, bytes.subarray(start, end))
        start = end
      })
      return view.addImage(names.join(', '), await readImageBytes(files satisfies ImageFiles))
    } finally {
      this.#isReading = false
    }
  }
}

/** A page that says less than it sends is not read further. */
async function readAll(request: IncomingMessage, total: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(total)
  let length = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    if (length + chunk.length > total) throw new RangeError(`more than the ${total} bytes that were said`)
    bytes.set(chunk, length)
    length += chunk.length
  }
  if (length < total) throw new RangeError(`${length} bytes came of the ${total} that were said`)
  return bytes
}
