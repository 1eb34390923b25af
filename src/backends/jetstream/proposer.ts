import { setTimeout } from 'node:timers/promises'
import { BackendError } from '../../contract/index.ts'
import { BATCH, bodyBytesMax, encodeRecord, packEntries } from './record.ts'
import type { LogRecord, ReplicatedLog } from './replicated-log.ts'

/** Records under way at once; a replica takes more (RECORDS_AHEAD_MAX), so that none is ever refused. */
const UNDER_WAY_MAX = 16
/** With something under way, so many entries are worth a record of their own. */
const ENTRIES_WORTH_A_RECORD = 64
const ENTRIES_OF_RECORD_MAX = 512
const RETRY_MS = 50
/** An election of NATS takes up to 9 s: then a call is given up. */
export const GIVE_UP_MS = 15_000

/** What stands in line for the log: an entry, or what is looked at when all before it is applied. */
export interface Proposal {
  /** Absent: nothing is written for it but its place. */
  readonly entry?: Uint8Array
  /** Whether it waits however long an outage takes. */
  readonly isPatient: boolean
  /** It is applied, or its place is reached. */
  readonly reached: () => void
  readonly failed: (error: BackendError) => void
}

interface Timed {
  readonly proposal: Proposal
  readonly since: number
  isGivenUp: boolean
}

interface Batch {
  readonly items: readonly Timed[]
  next: number
  entries: number
}

/** Puts what a node proposes into the log: many entries a record, each record once, in order. */
export class Proposer {
  readonly #log: ReplicatedLog
  readonly #session: number
  readonly #giveUpMs: number
  readonly #stored: (record: LogRecord) => void
  #line: Timed[] = []
  #underWay = 0
  #lastNumber = 0
  #isClosed = false
  #isScheduled = false
  readonly #batches = new Map<number, Batch>()
  readonly #watch: NodeJS.Timeout

  /** @param stored Hears of records that are in the log. */
  constructor(log: ReplicatedLog, session: number, stored: (record: LogRecord) => void, giveUpMs: number = GIVE_UP_MS) {
    this.#giveUpMs = giveUpMs
    this.#log = log
    this.#session = session
    this.#stored = stored
    this.#watch = setInterval(() => this.#giveUp(), Math.min(500, giveUpMs))
    this.#watch.unref()
  }

  get lastNumber(): number {
    return this.#lastNumber
  }

  propose(proposal: Proposal): void {
    this.#line.push({ proposal, since: performance.now(), isGivenUp: false })
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#send()
    })
  }

  /** What stood before entry `index` of a batch is reached; with the count of its entries, all of it. */
  reached(number: number, index: number): void {
    const batch = this.#batches.get(number)
    if (batch === undefined) return
    for (let item = batch.items[batch.next]; item !== undefined; item = batch.items[batch.next]) {
      const isEntry = item.proposal.entry !== undefined
      if (isEntry && batch.entries >= index) return
      batch.next++
      if (isEntry) batch.entries++
      if (!item.isGivenUp || isEntry) item.proposal.reached()
    }
    this.#batches.delete(number)
  }

  /** All records up to one are applied, by an image. */
  passed(last: number): void {
    for (const number of [...this.#batches.keys()]) if (number <= last) this.reached(number, Number.POSITIVE_INFINITY)
  }

  /** Fails all that is not applied. */
  close(error: BackendError): void {
    this.#isClosed = true
    clearInterval(this.#watch)
    for (const { proposal } of this.#line.splice(0)) proposal.failed(error)
    for (const { items, next } of this.#batches.values())
      for (const { proposal } of items.slice(next)) proposal.failed(error)
    this.#batches.clear()
  }

  #send(): void {
    while (this.#line.length > 0 && !this.#isClosed) {
      if (this.#underWay >= UNDER_WAY_MAX) return
      if (this.#underWay > 0 && this.#line.length < ENTRIES_WORTH_A_RECORD) return
      this.#sendBatch()
    }
  }

  #sendBatch(): void {
    const most = bodyBytesMax(this.#log.recordBytesMax)
    const items: Timed[] = []
    let sizeBytes = 0
    for (const item of this.#line) {
      const cost = (item.proposal.entry?.length ?? 0) + 4
      if (items.length > 0 && (items.length >= ENTRIES_OF_RECORD_MAX || sizeBytes + cost > most)) break
      items.push(item)
      sizeBytes += cost
    }
    this.#line = this.#line.slice(items.length)
    const body = packEntries(items.flatMap(({ proposal }) => proposal.entry ?? []))
    let start = 0
    do {
      const piece = body.subarray(start, start + most)
      start += most
      const goesOn = start < body.length
      const number = ++this.#lastNumber
      if (!goesOn) this.#batches.set(number, { items, next: 0, entries: 0 })
      void this.#append(number, encodeRecord({ kind: BATCH, goesOn, session: this.#session, number, body: piece }))
    } while (start < body.length)
  }

  async #append(number: number, bytes: Uint8Array): Promise<void> {
    this.#underWay++
    while (!this.#isClosed) {
      try {
        const sequence = await this.#log.append(bytes, `${this.#session}.${number}`)
        this.#stored({ sequence, bytes })
        break
      } catch {
        // It may be there: the same id makes it one, and the replicas too, should the log have forgotten it.
        await setTimeout(RETRY_MS, undefined, { ref: false })
      }
    }
    this.#underWay--
    this.#send()
  }

  #giveUp(): void {
    const before = performance.now() - this.#giveUpMs
    const isLate = ({ proposal, since, isGivenUp }: Timed) => since < before && !proposal.isPatient && !isGivenUp
    const waits = `the cluster has taken nothing for ${this.#giveUpMs / 1000} s`
    const late = this.#line.filter(isLate)
    if (late.length > 0) this.#line = this.#line.filter((item) => !isLate(item))
    for (const { proposal } of late) {
      proposal.failed(new BackendError('ERR_MSGQ_UNAVAILABLE', `${waits}: the call was not made`))
    }
    for (const { items, next } of this.#batches.values()) {
      for (const item of items.slice(next).filter(isLate)) {
        item.isGivenUp = true
        item.proposal.failed(new BackendError('ERR_MSGQ_IN_DOUBT', `${waits}: the call may have been made`))
      }
    }
  }
}
