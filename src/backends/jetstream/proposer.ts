import { setTimeout } from 'node:timers/promises'
import { BackendError } from '../../contract/index.ts'
import type { Caller } from '../../engine/index.ts'
import { ByteWriter, encodeCaller } from '../../wire/index.ts'
import { type Look, Pack, type Proposed, type ProposedCall } from './pack.ts'
import { BATCH, bodyBytesMax, encodeRecord, HEADER_BYTES, writeHeader } from './record.ts'
import type { LogRecord, ReplicatedLog } from './replicated-log.ts'

/** Records under way at once; a replica takes more (RECORDS_AHEAD_MAX), so that none is ever refused. */
const UNDER_WAY_MAX = 16
/** With something under way, so many are worth a record of their own. */
const ITEMS_WORTH_A_RECORD = 64
const ITEMS_OF_RECORD_MAX = 512
/** Of a buffer in which packs are written: some full ones of short messages. */
const PACKS_BYTES = 524_288
const RETRY_MS = 50
/** An election of NATS takes up to 9 s: then a call is given up. */
export const GIVE_UP_MS = 15_000
/** How exactly that is kept: a clock that is read for each call would cost more than the rest of it. */
const TICK_MS = 500

/** Puts what a node proposes into the log: many entries a record, each record once, in order. */
export class Proposer {
  readonly #log: ReplicatedLog
  readonly #session: number
  readonly #giveUpMs: number
  readonly #ticksMax: number
  readonly #stored: (record: LogRecord) => void
  readonly #writer = new ByteWriter(PACKS_BYTES)
  /** Who called last. */
  #caller: Caller | undefined
  #callerBytes: Uint8Array = new Uint8Array()
  /** Those that wait to be sent; the last one is still being filled. */
  #line: Pack[] = []
  #underWay = 0
  #lastNumber = 0
  #tick = 0
  #isClosed = false
  #isScheduled = false
  /** Those that were sent and are not applied, by the numbers of their records. */
  readonly #sent = new Map<number, Pack>()
  readonly #watch: NodeJS.Timeout

  /** @param stored Hears of records that are in the log. */
  constructor(log: ReplicatedLog, session: number, stored: (record: LogRecord) => void, giveUpMs: number = GIVE_UP_MS) {
    this.#giveUpMs = giveUpMs
    this.#log = log
    this.#session = session
    this.#stored = stored
    const tickMs = Math.min(TICK_MS, giveUpMs)
    this.#ticksMax = giveUpMs / tickMs
    this.#watch = setInterval(() => this.#giveUp(), tickMs)
    this.#watch.unref()
  }

  /** Proposes a call. @throws {RangeError} a number that an entry does not carry. */
  call(item: ProposedCall): void {
    let pack = this.#filled()
    const callerBytes = this.#callerBytesOf(item.caller)
    pack.write(item, callerBytes)
    if (pack.items.length > 0 && pack.length > this.#log.recordBytesMax) {
      pack.unwrite(item)
      pack = this.#begin()
      pack.write(item, callerBytes)
    }
    item.since = this.#tick
    pack.items.push(item)
    // The servers begin with it while we go on: thousands of calls are made in one turn of the loop.
    if (pack.items.length === ITEMS_OF_RECORD_MAX) this.#send()
    else if (!this.#isScheduled) this.#schedule()
  }

  /** Proposes to look when all that was proposed before is applied, and all that was in the log. */
  look(look: Look, isPatient = false): void {
    this.#filled().items.push({ look, isPatient, since: this.#tick, isGivenUp: false })
    if (!this.#isScheduled) this.#schedule()
  }

  /** Proposes a call of the node's own, before all that waits to be sent: it is not to wait for them. */
  callAhead(item: ProposedCall): void {
    item.isPatient = true
    if (this.#line.length < 2) return this.call(item)
    const pack = new Pack(this.#session, new ByteWriter())
    pack.write(item)
    item.since = this.#tick
    pack.items.push(item)
    pack.seal()
    this.#line.unshift(pack)
  }

  /** What was sent as this record is applied now: it is not this proposer's any more. */
  take(number: number): Pack | undefined {
    const pack = this.#sent.get(number)
    if (pack !== undefined) this.#sent.delete(number)
    return pack
  }

  /** The same of all records up to one. */
  *takeUpTo(last: number): Generator<Pack> {
    for (const [number, pack] of [...this.#sent]) {
      if (number > last) continue
      this.#sent.delete(number)
      yield pack
    }
  }

  /** What is not applied. */
  *pending(): Generator<Proposed> {
    for (const pack of this.#sent.values()) yield* pack.items
    for (const pack of this.#line) yield* pack.items
  }

  /** Fails all that is not applied. */
  close(error: BackendError): void {
    this.#isClosed = true
    clearInterval(this.#watch)
    const pending = [...this.pending()]
    this.#line = []
    this.#sent.clear()
    for (const item of pending) if (!item.isGivenUp) fail(item, error)
  }

  /** A program's calls come one after the other. */
  #callerBytesOf(caller: Caller): Uint8Array {
    if (caller !== this.#caller) {
      this.#callerBytes = encodeCaller(caller)
      this.#caller = caller
    }
    return this.#callerBytes
  }

  #filled(): Pack {
    const pack = this.#line.at(-1)
    if (pack === undefined || pack.items.length >= ITEMS_OF_RECORD_MAX || pack.isSealed) return this.#begin()
    return pack
  }

  #begin(): Pack {
    this.#line.at(-1)?.seal()
    const pack = new Pack(this.#session, this.#writer)
    this.#line.push(pack)
    return pack
  }

  #schedule(): void {
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#send()
    })
  }

  #send(): void {
    while (!this.#isClosed && this.#underWay < UNDER_WAY_MAX) {
      const [first] = this.#line
      if (first === undefined) return
      const isWorthIt = this.#line.length > 1 || first.items.length >= ITEMS_WORTH_A_RECORD
      if (this.#underWay > 0 && !isWorthIt) return
      this.#line.shift()
      this.#sendPack(first)
    }
  }

  #sendPack(pack: Pack): void {
    const bytes = pack.seal()
    const session = this.#session
    if (bytes.length <= this.#log.recordBytesMax) {
      const number = ++this.#lastNumber
      this.#sent.set(number, pack)
      writeHeader(bytes, { kind: BATCH, goesOn: false, session, number })
      return void this.#append(number, bytes)
    }
    const body = bytes.subarray(HEADER_BYTES)
    const most = bodyBytesMax(this.#log.recordBytesMax)
    for (let start = 0; start < body.length; start += most) {
      const goesOn = start + most < body.length
      const number = ++this.#lastNumber
      if (!goesOn) this.#sent.set(number, pack)
      const piece = body.subarray(start, start + most)
      void this.#append(number, encodeRecord({ kind: BATCH, goesOn, session, number, body: piece }))
    }
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
    const before = ++this.#tick - this.#ticksMax
    const isLate = ({ isPatient, since, isGivenUp }: Proposed) => since < before && !isPatient && !isGivenUp
    const waits = `the cluster has taken nothing for ${this.#giveUpMs / 1000} s`
    const unsent = this.#line.flatMap((pack) => pack.items.filter(isLate))
    if (unsent.length > 0) {
      for (const pack of this.#line) pack.remove(isLate)
      this.#line = this.#line.filter(({ items }) => items.length > 0)
    }
    const sent = [...this.#sent.values()].flatMap((pack) => pack.items.filter(isLate))
    for (const item of [...unsent, ...sent]) item.isGivenUp = true
    for (const item of unsent) {
      fail(item, new BackendError('ERR_MSGQ_UNAVAILABLE', `${waits}: the call was not made`))
    }
    for (const item of sent) {
      fail(item, new BackendError('ERR_MSGQ_IN_DOUBT', `${waits}: the call may have been made`))
    }
  }
}

function fail(item: Proposed, error: BackendError): void {
  ;(item.look ?? item).failed(error)
}
