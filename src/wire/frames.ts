import { ByteWriter } from './byte-writer.ts'
import { type ClientFrame, writeClientFrame } from './client-frames.ts'
import { LENGTH_BYTES } from './frame-reader.ts'
import { FRAME_BYTES_MAX } from './limits.ts'
import { type ServerFrame, writeServerFrame } from './server-frames.ts'

/** Frames of one direction, one behind the other, for one write to the socket. */
export class FrameWriter {
  readonly #writer: ByteWriter = new ByteWriter()

  /** Bytes that were written and not yet taken. */
  get pendingBytes(): number {
    return this.#writer.length
  }

  /**
   * Adds a frame; its bytes are copied.
   *
   * @throws {RangeError} a number that the format does not carry, or more than FRAME_BYTES_MAX: nothing was added.
   */
  write(frame: ClientFrame | ServerFrame): void {
    const writer = this.#writer
    const start = writer.length
    try {
      writer.fixed32(0)
      if (isClients(frame)) writeClientFrame(writer, frame)
      else writeServerFrame(writer, frame)
      endFrame(writer, start)
    } catch (error) {
      writer.cutTo(start)
      throw error
    }
  }

  /** Everything since the last time, in bytes of its own. */
  take(): Uint8Array {
    return this.#writer.take()
  }
}

/** Writes a frame's length, now that it is known, over the four bytes that were left for it. */
export function endFrame(writer: ByteWriter, start: number): void {
  const length = writer.length - start - LENGTH_BYTES
  if (length > FRAME_BYTES_MAX) {
    throw new RangeError(`cannot be encoded: a frame has at most ${FRAME_BYTES_MAX} bytes, not ${length}`)
  }
  writer.fixed32At(start, length)
}

function isClients(frame: ClientFrame | ServerFrame): frame is ClientFrame {
  switch (frame.kind) {
    case 'hello':
    case 'call':
    case 'request':
    case 'history':
    case 'past':
    case 'acknowledge':
    case 'goodbye':
      return true
    default:
      return false
  }
}
