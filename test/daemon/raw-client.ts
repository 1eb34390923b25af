import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import {
  type ClientFrame,
  decodeServerFrame,
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  MAX_VERSION,
  MIN_VERSION,
  type ServerFrame,
  type SessionKey,
} from '../../src/wire/index.ts'

/** A client that does what it is told, and what no client of ours does. */
export class RawClient {
  readonly socket: Socket
  readonly #reader = new FrameReader(FRAME_BYTES_MAX)
  readonly #frames: ServerFrame[] = []
  #changed: (() => void) | undefined
  /** The frame that came last. */
  last: ServerFrame | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (piece: Buffer) => {
      this.#reader.push(piece)
      for (let bytes = this.#reader.next(); bytes !== undefined; bytes = this.#reader.next()) {
        this.last = decodeServerFrame(bytes)
        this.#frames.push(this.last)
      }
      this.#changed?.()
    })
    socket.on('error', () => undefined)
  }

  static async connect(path: string): Promise<RawClient> {
    const socket = net.connect(path)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Connects and says hello. */
  static async greeted(path: string, resume?: SessionKey): Promise<{ client: RawClient; key: SessionKey }> {
    const client = await RawClient.connect(path)
    const key = await client.greet(resume)
    return { client, key }
  }

  async greet(resume?: SessionKey): Promise<SessionKey> {
    const versions = { minVersion: MIN_VERSION, maxVersion: MAX_VERSION }
    this.send({ kind: 'hello', ...versions, features: [], ...(resume !== undefined && { resume }) })
    const welcome = await this.next()
    if (welcome.kind !== 'welcome') throw new Error(`no welcome: ${JSON.stringify(welcome)}`)
    return welcome.key
  }

  send(...frames: ClientFrame[]): void {
    const writer = new FrameWriter()
    for (const frame of frames) writer.write(frame)
    this.socket.write(writer.take())
  }

  /** The next frame that comes. */
  async next(): Promise<ServerFrame> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame !== undefined) return frame
      await new Promise<void>((resolve, reject) => {
        const ended = () => reject(new Error('the connection has ended'))
        this.#changed = () => {
          this.socket.off('close', ended)
          resolve()
        }
        this.socket.once('close', ended)
      })
    }
  }

  /** Ends at once, as the socket of a killed process does. */
  async cut(): Promise<void> {
    const closed = once(this.socket, 'close')
    this.socket.destroy()
    await closed
  }

  /** Resolves when the server has ended the connection. */
  async untilClosed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close')
  }
}
