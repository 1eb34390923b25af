import fs from 'node:fs'
import path from 'node:path'
import { critJsonAsImage } from './crit-json.ts'
import { readImage } from './directory.ts'
import { ImageError } from './errors.ts'
import { decodeImage, type Image } from './image.ts'
import { imageNames, NAMESPACE_NUMBER_DEFAULT } from './names.ts'

/** The second magic number of `ipcns-msg-N.img`, low byte first. */
const MSG_MAGIC = [0x37, 0x37, 0x45, 0x55]
const OPENING_BRACE = 0x7b

/**
 * Reads an image, whatever it is kept in: a directory, one of CRIU's files, or crit's JSON of one.
 *
 * @throws {ImageError} It is none of these, or damaged.
 * @throws Node's own system error, `ENOENT` for instance.
 */
export async function readImageAt(place: string): Promise<Image> {
  if ((await fs.promises.stat(place)).isDirectory()) return readImage(place)
  const file = path.basename(place)
  const bytes = criuBytes(new Uint8Array(await fs.promises.readFile(place)), file)
  const isMsg = MSG_MAGIC.every((byte, index) => bytes[4 + index] === byte)
  const names = imageNames(NAMESPACE_NUMBER_DEFAULT)
  try {
    return await decodeImage(new Map([[isMsg ? names.msg : names.var, bytes]]))
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    const { offset, expected, cause } = error
    // The name that stands for it above is not the one that the user knows.
    throw new ImageError(file, expected, { ...(offset !== undefined && { offset }), cause: cause ?? error })
  }
}

function criuBytes(bytes: Uint8Array, file: string): Uint8Array {
  if (bytes[0] !== OPENING_BRACE) return bytes
  return critJsonAsImage(new TextDecoder().decode(bytes), file)
}
