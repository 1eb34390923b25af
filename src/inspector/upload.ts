import type { IncomingMessage } from 'node:http'
import { type Image, type ImageFiles, readImageBytes, readImageStream } from '../image/index.ts'
import type { ImageSeen, NamespaceView } from '../view/index.ts'

/** An image has three files. */
const FILES_MAX = 8

interface NamedFile {
  readonly name: string
  readonly sizeBytes: number
}

/** Images that pages bring, one at a time: those of several files are in memory twice, as their bytes and as what they say. */
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
    const files = filesIn(query)
    const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    view.assertRoomForImage(total)
    // A body of this length is what the parser lets through: no more, and less is an error.
    if (Number(request.headers['content-length']) !== total) {
      throw new RangeError(`not the ${total} bytes that were said`)
    }
    if (this.#isReading) throw new RangeError('another image is being read: try again')
    this.#isReading = true
    try {
      return view.addImage(files.map(({ name }) => name).join(', '), await read(request, files, total))
    } finally {
      this.#isReading = false
    }
  }
}

function filesIn(query: URLSearchParams): NamedFile[] {
  const sizes = query.getAll('size').map(Number)
  const files = query.getAll('name').map((name, at) => ({ name, sizeBytes: sizes[at] ?? -1 }))
  const areSizes = files.every(({ sizeBytes }) => Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)
  if (files.length > 0 && files.length <= FILES_MAX && files.length === sizes.length && areSizes) return files
  throw new RangeError(`an image has 1 to ${FILES_MAX} files, each with its name and size`)
}

async function read(request: IncomingMessage, files: readonly NamedFile[], total: number): Promise<Image> {
  const body: AsyncIterable<Uint8Array> = request.iterator({ destroyOnReturn: false })
  const [first, ...others] = files
  try {
    if (first !== undefined && others.length === 0) return await readImageStream(first.name, body)
    const bytes = await readAll(body, total)
    return await readImageBytes(filesOf(bytes, files))
  } catch (error) {
    // A browser that is still sending would see a broken connection, and not why.
    request.resume()
    throw error
  }
}

function filesOf(bytes: Uint8Array, files: readonly NamedFile[]): ImageFiles {
  let start = 0
  return new Map(
    files.map(({ name, sizeBytes }) => {
      const end = start + sizeBytes
      const file = bytes.subarray(start, end)
      start = end
      return [name, file]
    }),
  )
}

async function readAll(body: AsyncIterable<Uint8Array>, total: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(total)
  let length = 0
  for await (const chunk of body) {
    bytes.set(chunk, length)
    length += chunk.length
  }
  return bytes
}
