import { createHash } from 'node:crypto'
import { BackendError } from '../../contract/index.ts'
import { type Applied, type Engine, type Entry, loadState, saveState } from '../../engine/index.ts'
import { decodeEntry, decodeState, encodeState, WireError } from '../../wire/index.ts'
import {
  BATCH,
  BEGIN,
  CHECK,
  decodeRecord,
  EXPIRE,
  IMAGE,
  type LogMessage,
  RECORD_VERSION,
  unpackEntries,
} from './record.ts'
import { encodeFields, loadReplica, type ReplicaFields } from './replica-image.ts'
import type { LogRecord } from './replicated-log.ts'

/** A session has fewer records under way: what is further ahead is none of a node's. */
export const RECORDS_AHEAD_MAX = 256
/** Ends of sessions that are remembered, so that a record which comes late brings none back. */
const ENDED_MAX = 4096
/** Records and entries between two check points: under full load a few seconds. What replicas hash is some entries' worth of work for each. */
const CHECK_EVERY = 262_144
/** A message beside its payload, about, in what a check point costs. */
const MESSAGE_BYTES = 64
/** A record beside its bytes, about, in what a log holds. */
const RECORD_BYTES = 64

/** Hears what a replica does, in the log's order. Must not throw. */
export interface ReplicaObserver {
  /** Applies a batch, if this node has proposed it and need not decode it. @returns How many entries it has. */
  own(last: LogMessage, body: Uint8Array, engine: Engine): number | undefined
  applied(applied: Applied): void
  ended(session: number): void
  /** All replicas are to compare what they have now. */
  checkPoint(): void
  /** Another replica, or this one, says what it had at a check point. */
  checked(message: LogMessage): void
  /** An image has been made of a check point. */
  imaged(message: LogMessage): void
}

/**
 * An engine that applies a log. Of a session each record is applied once, in the order of its numbers, wherever and
 * however often it stands in the log; so does every replica.
 */
export class Replica {
  engine: Engine | undefined
  #fields: ReplicaFields = {
    sequence: 0,
    skipped: 0,
    checkEvery: CHECK_EVERY,
    work: 0,
    workBytes: 0,
    loggedBytes: 0,
    progress: new Map(),
    ended: new Set(),
  }
  readonly #observer: ReplicaObserver

  constructor(observer: ReplicaObserver) {
    this.#observer = observer
  }

  /** The record applied last. */
  get sequence(): number {
    return this.#fields.sequence
  }

  /** Records and entries that were none. */
  get skipped(): number {
    return this.#fields.skipped
  }

  /** Bytes of all records that the log ever had. */
  get loggedBytes(): number {
    return this.#fields.loggedBytes
  }

  /** The sessions that are open, with the last record of each. */
  get sessions(): ReadonlyMap<number, { readonly last: number }> {
    return this.#fields.progress
  }

  /** Whether a session was ended, as far back as that is remembered. */
  hasEnded(session: number): boolean {
    return this.#fields.ended.has(session)
  }

  /** All of it as bytes, as it is now, whatever is applied before the last piece is asked for. */
  save(): Iterable<Uint8Array> {
    const fields = encodeFields(this.#fields)
    const state = this.engine === undefined ? [] : encodeState(saveState(this.engine))
    return (function* () {
      yield fields
      yield* state
    })()
  }

  /** Becomes the replica of an image. @throws as `loadReplica`: then nothing has changed. */
  async load(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const { fields, engine } = await loadReplica(pieces)
    this.#fields = fields
    this.engine = engine
  }

  /** Two replicas that have applied the same log have the same. */
  hash(): string {
    const hash = createHash('sha256')
    for (const piece of this.save()) hash.update(piece)
    return hash.digest('hex')
  }

  /** @throws {BackendError} `ERR_MSGQ_PROTOCOL` the record is of a newer version: this replica must not go on. */
  apply({ sequence, bytes }: LogRecord): void {
    const message = decodeRecord(bytes)
    if (message !== undefined && message.version > RECORD_VERSION) {
      const what = `record ${sequence} of the log has version ${message.version}, and this msgq knows ${RECORD_VERSION}`
      throw new BackendError('ERR_MSGQ_PROTOCOL', `${what}: update it`)
    }
    const fields = this.#fields
    fields.sequence = sequence
    fields.work++
    fields.workBytes += bytes.length + RECORD_BYTES
    fields.loggedBytes += bytes.length + RECORD_BYTES
    if (message === undefined) fields.skipped++
    else this.#message(message)
    if (this.#isCheckPoint()) {
      fields.work = 0
      fields.workBytes = 0
      this.#observer.checkPoint()
    }
  }

  #message(message: LogMessage): void {
    if (message.kind === BEGIN) return this.#begin(message)
    if (this.engine === undefined) return void this.#fields.skipped++
    switch (message.kind) {
      case BATCH:
        return this.#order(this.engine, message)
      case EXPIRE:
        return this.#expire(this.engine, message)
      case CHECK:
        return this.#observer.checked(message)
      case IMAGE:
        return this.#observer.imaged(message)
      default:
        this.#fields.skipped++
    }
  }

  /** Decided by what is the same everywhere. A large state is compared less often: it costs as much as half of it. */
  #isCheckPoint(): boolean {
    const { work, workBytes, checkEvery } = this.#fields
    if (work < checkEvery || this.engine === undefined) return false
    const { byteCount, messageCount } = this.engine.namespace
    return workBytes * 2 >= byteCount + messageCount * MESSAGE_BYTES
  }

  /** Only the first beginning counts. */
  #begin({ number, body }: LogMessage): void {
    if (this.engine !== undefined) return
    try {
      this.engine = loadState(decodeState([body.slice()]))
      if (number > 0) this.#fields.checkEvery = number
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#fields.skipped++
    }
  }

  /** Applies what can be applied now. */
  #order(engine: Engine, message: LogMessage): void {
    const { session, number } = message
    const fields = this.#fields
    let progress = fields.progress.get(session)
    if (progress === undefined) {
      if (fields.ended.has(session)) return void fields.skipped++
      progress = { last: 0, early: new Map(), begun: [] }
      fields.progress.set(session, progress)
    }
    const isRepeated = number <= progress.last || progress.early.has(number)
    if (isRepeated || number > progress.last + RECORDS_AHEAD_MAX) return void fields.skipped++
    if (number !== progress.last + 1) return void progress.early.set(number, message)
    let next: LogMessage | undefined = message
    for (; next !== undefined; next = progress.early.get(progress.last + 1)) {
      progress.early.delete(next.number)
      progress.last = next.number
      progress.begun.push(next.body)
      if (next.goesOn) continue
      const body = progress.begun.length === 1 ? next.body : Buffer.concat(progress.begun)
      progress.begun = []
      this.#batch(next, body, engine)
    }
  }

  #batch(last: LogMessage, body: Uint8Array, engine: Engine): void {
    this.#fields.work += this.#observer.own(last, body, engine) ?? this.#decoded(body, engine)
  }

  #decoded(body: Uint8Array, engine: Engine): number {
    const entries = unpackEntries(body)
    if (entries === undefined) this.#fields.skipped++
    for (const bytes of entries ?? []) this.#entry(bytes, engine)
    return entries?.length ?? 0
  }

  #entry(bytes: Uint8Array, engine: Engine): void {
    let entry: Entry
    try {
      entry = decodeEntry(bytes)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#fields.skipped++
      return
    }
    this.#observer.applied(engine.apply(entry))
  }

  /** A session that has gone on meanwhile does not end. */
  #expire(engine: Engine, { session, number }: LogMessage): void {
    const { progress, ended, sequence } = this.#fields
    if (progress.get(session)?.last !== number) return
    progress.delete(session)
    ended.add(session)
    const [oldest] = ended
    if (ended.size > ENDED_MAX && oldest !== undefined) ended.delete(oldest)
    const entry: Entry = {
      ticket: { session: 0, number: sequence },
      now: 0,
      caller: { pid: 0, tid: 0, uid: 0, gid: 0, groups: [], capabilities: [] },
      call: { name: 'expireSession', session },
    }
    this.#observer.applied(engine.apply(entry))
    this.#observer.ended(session)
  }
}
