import { createHash } from 'node:crypto'
import { BackendError } from '../../contract/index.ts'
import { type Applied, type Engine, type Entry, loadState, saveState } from '../../engine/index.ts'
import { decodeEntry, decodeState, encodeState, WireError } from '../../wire/index.ts'
import { BATCH, BEGIN, decodeRecord, EXPIRE, type LogMessage, RECORD_VERSION, unpackEntries } from './record.ts'
import type { LogRecord } from './replicated-log.ts'

/** A session has fewer records under way: what is further ahead is none of a node's. */
export const RECORDS_AHEAD_MAX = 256
/** Ends of sessions that are remembered, so that a record which comes late brings none back. */
const ENDED_MAX = 4096

/** What has come of a session's records. */
interface Progress {
  /** All up to this one are applied. */
  last: number
  /** Those that came before one in front of them. */
  readonly early: Map<number, LogMessage>
  /** The beginning of a batch that goes on. */
  begun: Uint8Array[]
}

/** Hears what a replica does, in the log's order. Must not throw. */
export interface ReplicaObserver {
  /** Before entry `index` of the batch whose last record this is; once more, with their count, after all. */
  before(session: number, number: number, index: number): void
  applied(entry: Entry, applied: Applied): void
  ended(session: number): void
}

/**
 * An engine that applies a log. Of a session each record is applied once, in the order of its numbers, wherever and
 * however often it stands in the log; so does every replica.
 */
export class Replica {
  engine: Engine | undefined
  /** The record applied last. */
  sequence = 0
  /** Records and entries that were none. */
  skipped = 0
  readonly #progress = new Map<number, Progress>()
  readonly #ended = new Set<number>()
  readonly #observer: ReplicaObserver

  constructor(observer: ReplicaObserver) {
    this.#observer = observer
  }

  /** The sessions that are open, with the last record of each. */
  get sessions(): ReadonlyMap<number, { readonly last: number }> {
    return this.#progress
  }

  /** Two replicas that have applied the same log have the same. */
  hash(): string {
    const hash = createHash('sha256')
    if (this.engine !== undefined) for (const piece of encodeState(saveState(this.engine))) hash.update(piece)
    return hash.digest('hex')
  }

  /** @throws {BackendError} `ERR_MSGQ_PROTOCOL` the record is of a newer version: this replica must not go on. */
  apply({ sequence, bytes }: LogRecord): void {
    const message = decodeRecord(bytes)
    if (message !== undefined && message.version > RECORD_VERSION) {
      const what = `record ${sequence} of the log has version ${message.version}, and this msgq knows ${RECORD_VERSION}`
      throw new BackendError('ERR_MSGQ_PROTOCOL', `${what}: update it`)
    }
    this.sequence = sequence
    if (message === undefined) this.skipped++
    else if (message.kind === BEGIN) this.#begin(message)
    else if (this.engine === undefined) this.skipped++
    else if (message.kind === BATCH) this.#order(message)
    else if (message.kind === EXPIRE) this.#expire(this.engine, message)
    else this.skipped++
  }

  /** Only the first beginning counts. */
  #begin({ body }: LogMessage): void {
    if (this.engine !== undefined) return
    try {
      this.engine = loadState(decodeState([body.slice()]))
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.skipped++
    }
  }

  /** Applies what can be applied now. */
  #order(message: LogMessage): void {
    const { session, number } = message
    let progress = this.#progress.get(session)
    if (progress === undefined) {
      if (this.#ended.has(session)) return void this.skipped++
      progress = { last: 0, early: new Map(), begun: [] }
      this.#progress.set(session, progress)
    }
    const isRepeated = number <= progress.last || progress.early.has(number)
    if (isRepeated || number > progress.last + RECORDS_AHEAD_MAX) return void this.skipped++
    progress.early.set(number, message)
    for (;;) {
      const next = progress.early.get(progress.last + 1)
      if (next === undefined) return
      progress.early.delete(next.number)
      progress.last = next.number
      progress.begun.push(next.body)
      if (next.goesOn) continue
      const body = progress.begun.length === 1 ? next.body : Buffer.concat(progress.begun)
      progress.begun = []
      this.#batch(next, body)
    }
  }

  #batch({ session, number }: LogMessage, body: Uint8Array): void {
    const entries = unpackEntries(body) ?? []
    entries.forEach((bytes, index) => {
      this.#observer.before(session, number, index)
      this.#entry(bytes)
    })
    this.#observer.before(session, number, entries.length)
  }

  #entry(bytes: Uint8Array): void {
    let entry: Entry
    try {
      entry = decodeEntry(bytes)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.skipped++
      return
    }
    if (this.engine !== undefined) this.#observer.applied(entry, this.engine.apply(entry))
  }

  /** A session that has gone on meanwhile does not end. */
  #expire(engine: Engine, { session, number }: LogMessage): void {
    if (this.#progress.get(session)?.last !== number) return
    this.#progress.delete(session)
    this.#ended.add(session)
    const [oldest] = this.#ended
    if (this.#ended.size > ENDED_MAX && oldest !== undefined) this.#ended.delete(oldest)
    const entry: Entry = {
      ticket: { session: 0, number: this.sequence },
      now: 0,
      caller: { pid: 0, tid: 0, uid: 0, gid: 0, groups: [], capabilities: [] },
      call: { name: 'expireSession', session },
    }
    this.#observer.applied(entry, engine.apply(entry))
    this.#observer.ended(session)
  }
}
