/** One message of a stream. */
export interface Stored {
  readonly sequence: number
  readonly subject: string
  /** Its headers as they came, without the first line: each ends in CRLF. */
  readonly headers: string
  readonly data: Buffer
  readonly time: number
  /** Another one took its place: who reads that far sees this one no more. */
  supersededBy?: number
}

/** What a publisher is told. */
export type Stores =
  | { readonly sequence: number; readonly isDuplicate: boolean }
  | { readonly code: number; readonly why: string }

export interface StreamConfig {
  readonly name: string
  readonly subjects: readonly string[]
  readonly num_replicas?: number
  readonly max_msgs_per_subject?: number
}

/** `wrong last sequence`. Source: nats-server, server/errors.json. */
const WRONG_LAST_SEQUENCE = 10_071
/** Superseded messages that a follower may still see. */
const SUPERSEDED_KEPT = 50

/** A stream of JetStream: what its servers agreed on. Who reads from a follower may see less of it. */
export class Stream {
  readonly config: StreamConfig
  /** For how long ids of messages are remembered, milliseconds. */
  readonly #idMemoryMs: number
  #messages: Stored[] = []
  readonly #ids = new Map<string, { readonly sequence: number; readonly time: number }>()
  last = 0
  /** All before were purged. */
  first = 1

  constructor(config: StreamConfig, idMemoryMs: number) {
    this.config = config
    this.#idMemoryMs = idMemoryMs
  }

  takes(subject: string): boolean {
    return this.config.subjects.some((pattern) => matches(pattern, subject))
  }

  store(subject: string, headers: string, data: Uint8Array, now: number): Stores {
    const id = headerOf(headers, 'Nats-Msg-Id')
    const known = id === undefined ? undefined : this.#ids.get(id)
    if (known !== undefined && now - known.time <= this.#idMemoryMs) {
      return { sequence: known.sequence, isDuplicate: true }
    }
    const expected = headerOf(headers, 'Nats-Expected-Last-Subject-Sequence')
    const before = this.lastOf(subject)
    if (expected !== undefined && Number(expected) !== (before?.sequence ?? 0)) {
      return { code: WRONG_LAST_SEQUENCE, why: `wrong last sequence: ${before?.sequence ?? 0}` }
    }
    const sequence = ++this.last
    const replaces = headerOf(headers, 'Nats-Rollup') === 'sub' || this.config.max_msgs_per_subject === 1
    if (replaces && before !== undefined) before.supersededBy = sequence
    this.#messages.push({ sequence, subject, headers, data: Buffer.from(data), time: now })
    if (id !== undefined) this.#ids.set(id, { sequence, time: now })
    if (replaces) this.#keep(({ supersededBy = this.last }) => supersededBy > this.last - SUPERSEDED_KEPT)
    return { sequence, isDuplicate: false }
  }

  /** What somebody sees from a place on who has all up to another. */
  read(from: number, upTo: number = this.last): readonly Stored[] {
    const start = Math.max(0, from - (this.#messages[0]?.sequence ?? from))
    // Only what has gaps has to be searched.
    const found = this.#messages[start]?.sequence === from ? this.#messages.slice(start) : this.#messages
    return found.filter(
      ({ sequence, supersededBy = Number.POSITIVE_INFINITY }) =>
        sequence >= from && sequence <= upTo && supersededBy > upTo,
    )
  }

  /** The last message of a subject, which may be a pattern. */
  lastOf(pattern: string, upTo: number = this.last): Stored | undefined {
    return this.read(1, upTo).findLast(({ subject }) => matches(pattern, subject))
  }

  purge({ seq, filter }: { readonly seq?: number; readonly filter?: string }): void {
    if (seq !== undefined && filter === undefined) {
      this.last = Math.max(this.last, seq - 1)
      this.first = Math.max(this.first, seq)
    }
    this.#keep(({ sequence, subject }) => !(sequence < (seq ?? Infinity) && matches(filter ?? '>', subject)))
  }

  #keep(isKept: (message: Stored) => boolean): void {
    this.#messages = this.#messages.filter(isKept)
  }
}

/** Whether a subject is of a pattern: `*` is any token, `>` all the rest. */
export function matches(pattern: string, subject: string): boolean {
  if (pattern === subject) return true
  if (!/[*>]/.test(pattern)) return false
  const tokens = subject.split('.')
  const wanted = pattern.split('.')
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return tokens.length > index
    if (token !== '*' && token !== tokens[index]) return false
  }
  return tokens.length === wanted.length
}

export function headerOf(headers: string, name: string): string | undefined {
  const line = headers.split('\r\n').find((each) => each.startsWith(`${name}:`))
  return line?.slice(name.length + 1).trim()
}
