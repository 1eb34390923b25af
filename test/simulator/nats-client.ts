import type { SimulatedSocket } from './sockets.ts'
import type { SimulatedProcess } from './world.ts'

const CRLF = Buffer.from('\r\n')
const HEADERS_BEGIN = 'NATS/1.0'

/** A message of NATS's protocol. */
export interface NatsMessage {
  readonly subject: string
  readonly reply?: string
  /** `204 EOB`, for instance. */
  readonly status?: string
  /** Lines that end in CRLF. */
  readonly headers?: string
  readonly data?: Uint8Array
}

/** What a server does with what a client says. */
export interface Hears {
  published(client: NatsClient, message: NatsMessage): void
  subscribed(subject: string): void
}

/** One client's connection, as its server has it. Source: docs.nats.io, the client protocol. */
export class NatsClient {
  /** The server's process. */
  readonly process: SimulatedProcess
  readonly #socket: SimulatedSocket
  readonly #hears: Hears
  readonly #subscriptions = new Map<string, string>()
  #pending: Buffer = Buffer.alloc(0)
  isGone = false

  constructor(socket: SimulatedSocket, process: SimulatedProcess, info: object, hears: Hears) {
    this.#socket = socket
    this.process = process
    this.#hears = hears
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.isGone = true
    })
    this.#write(`INFO ${JSON.stringify(info)}`)
  }

  /** The ids of its subscriptions to a subject. */
  subscriptionsTo(isOf: (pattern: string) => boolean): string[] {
    return [...this.#subscriptions].filter(([, pattern]) => isOf(pattern)).map(([id]) => id)
  }

  send(id: string, messages: readonly NatsMessage[]): void {
    // It may have ended meanwhile.
    if (this.isGone || !this.#subscriptions.has(id)) return
    this.#socket.write(Buffer.concat(messages.flatMap((message) => encoded(id, message))))
  }

  #write(line: string): void {
    this.#socket.write(`${line}\r\n`)
  }

  #take(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes])
    for (;;) {
      const end = this.#pending.indexOf(CRLF)
      if (end < 0) return
      const [verb = '', ...words] = this.#pending.subarray(0, end).toString().split(' ')
      const isMessage = verb === 'PUB' || verb === 'HPUB'
      const payloadBytes = isMessage ? Number(words.at(-1)) : 0
      const next = end + 2 + (isMessage ? payloadBytes + 2 : 0)
      if (this.#pending.length < next) return
      const payload = this.#pending.subarray(end + 2, end + 2 + payloadBytes)
      this.#pending = this.#pending.subarray(next)
      this.#hear(verb, words, payload)
    }
  }

  #hear(verb: string, words: readonly string[], payload: Buffer): void {
    const [first = '', second = ''] = words
    switch (verb) {
      case 'PING':
        return this.#write('PONG')
      case 'SUB':
        this.#subscriptions.set(words.at(-1) ?? '', first)
        return this.#hears.subscribed(first)
      case 'UNSUB':
        // With a number it would end later: what asks for that has its answers by then.
        if (words.length === 1) this.#subscriptions.delete(first)
        return
      case 'PUB':
        return this.#hears.published(this, {
          subject: first,
          ...(words.length > 2 && { reply: second }),
          data: payload,
        })
      case 'HPUB': {
        const headerBytes = Number(words.at(-2))
        const headers = payload
          .subarray(0, headerBytes)
          .toString()
          .replace(/^NATS\/1.0\r\n/, '')
          .replace(/\r\n$/, '')
        const data = payload.subarray(headerBytes)
        return this.#hears.published(this, {
          subject: first,
          ...(words.length > 3 && { reply: second }),
          headers,
          data,
        })
      }
    }
  }
}

function encoded(
  id: string,
  { subject, reply, status, headers = '', data = Buffer.alloc(0) }: NatsMessage,
): Uint8Array[] {
  const to = reply === undefined ? `${subject} ${id}` : `${subject} ${id} ${reply}`
  if (status === undefined && headers === '') return [Buffer.from(`MSG ${to} ${data.length}\r\n`), data, CRLF]
  const block = Buffer.from(`${HEADERS_BEGIN}${status === undefined ? '' : ` ${status}`}\r\n${headers}\r\n`)
  return [Buffer.from(`HMSG ${to} ${block.length} ${block.length + data.length}\r\n`), block, data, CRLF]
}
