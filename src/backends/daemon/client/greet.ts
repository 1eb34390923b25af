import net, { type Socket } from 'node:net'
import { BackendError } from '../../../contract/index.ts'
import {
  decodeServerFrame,
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  MAX_VERSION,
  MIN_VERSION,
  type SessionKey,
  type WelcomeFrame,
  WireError,
} from '../../../wire/index.ts'

/** A connection on which a session was agreed. */
export interface Greeted {
  readonly socket: Socket
  /** Takes over what comes from now on, piece by piece; each is the next one's place, so `reader` keeps what is left of it. */
  readonly hear: (receive: (piece: Uint8Array) => void) => void
  /** May hold frames that came with the welcome. */
  readonly reader: FrameReader
  readonly welcome: WelcomeFrame
}

/** What comes with one read at most: as much as Node's own sockets read. */
const READ_BYTES = 65_536

/** A server that does not answer a hello for so long stands still, or is none. */
const WELCOME_TIMEOUT_MS = 15_000

/**
 * Connects to a server, and agrees with it on a session: the one of `resume`, if it is still there.
 *
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` nobody answers there, or not now; `ERR_MSGQ_PROTOCOL` what answers is no server
 *   that this client can talk to.
 */
export function greet(path: string, resume?: SessionKey): Promise<Greeted> {
  return new Promise((resolve, reject) => {
    const buffer = new Uint8Array(READ_BYTES)
    const reader = new FrameReader(FRAME_BYTES_MAX)
    let hear = (piece: Uint8Array): void => receive(piece)
    // One buffer for all reads, and no stream between. See docs/decisions/0025.
    const callback = (bytes: number) => {
      hear(buffer.subarray(0, bytes))
      reader.keep()
      return true
    }
    const socket = net.connect({ path, onread: { buffer, callback } })
    const timer = setTimeout(() => fail(silent(path)), WELCOME_TIMEOUT_MS)
    const fail = (error: Error) => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const broken = (error: Error) => fail(unreachable(path, error))
    const closed = () => fail(silent(path))
    const receive = (piece: Uint8Array) => {
      try {
        reader.push(piece)
        const bytes = reader.next()
        if (bytes === undefined) return
        const frame = decodeServerFrame(bytes)
        if (frame.kind !== 'welcome') return fail(refused(path, frame))
        clearTimeout(timer)
        socket.off('error', broken).off('close', closed)
        const takenOver = (by: (piece: Uint8Array) => void) => {
          hear = by
        }
        resolve({ socket, hear: takenOver, reader, welcome: frame })
      } catch (error) {
        fail(error instanceof WireError ? stranger(path, error) : (error as Error))
      }
    }
    socket.on('error', broken).on('close', closed)
    const writer = new FrameWriter()
    const versions = { minVersion: MIN_VERSION, maxVersion: MAX_VERSION }
    writer.write({ kind: 'hello', ...versions, features: [], ...(resume !== undefined && { resume }) })
    socket.write(writer.take())
  })
}

function unreachable(path: string, cause: NodeJS.ErrnoException): BackendError {
  const why =
    cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED'
      ? `nobody serves ${path}: start it with msgq serve --socket ${path}`
      : cause.code === 'EACCES'
        ? `${path} may not be used by this user: its owner serves others with msgq serve --mode or --group`
        : `${path} cannot be reached (${cause.code ?? cause.message})`
  return new BackendError('ERR_MSGQ_UNAVAILABLE', why, { cause })
}

function silent(path: string): BackendError {
  return new BackendError('ERR_MSGQ_UNAVAILABLE', `${path} takes connections and does not answer`)
}

function refused(path: string, frame: { readonly kind: string; readonly code?: string; readonly message?: string }) {
  const { code, message = `it began with ${frame.kind}` } = frame
  // One that stops just now is soon there again.
  const isStopping = frame.kind === 'going'
  const isFinal = !isStopping && (code === undefined || code === 'ERR_MSGQ_PROTOCOL' || code === 'ERR_MSGQ_WIRE')
  return new BackendError(isFinal ? 'ERR_MSGQ_PROTOCOL' : 'ERR_MSGQ_UNAVAILABLE', `${path}: ${message}`)
}

function stranger(path: string, cause: Error): BackendError {
  return new BackendError('ERR_MSGQ_PROTOCOL', `what listens on ${path} is no msgq server: ${cause.message}`, { cause })
}
