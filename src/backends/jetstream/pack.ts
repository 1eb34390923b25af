import type { BackendError } from '../../contract/index.ts'
import type { Call, Caller, Completion, Entry } from '../../engine/index.ts'
import { type ByteWriter, decodeEntry, writeEntry } from '../../wire/index.ts'
import { HEADER_BYTES, LENGTH_BYTES } from './record.ts'

/** Who hears how a call ended. */
export interface Ends {
  ended(completion: Completion): void
  failed(error: BackendError): void
}

/** What is looked at when all before it is applied. */
export interface Look {
  reached(): void
  failed(error: BackendError): void
}

/**
 * A call on its way through the log: what is proposed, who hears of its end, and where it is. There may be very many of
 * them, and all outlive some collections of garbage: so it is one object for each.
 */
export abstract class ProposedCall implements Ends {
  readonly look = undefined
  readonly caller: Caller
  call: Call
  /** Of its ticket, and its time: decided when it is proposed. */
  number = 0
  now = 0
  /** Whether it waits however long an outage takes. */
  isPatient = false
  /** When it was proposed, in ticks of the proposer. */
  since = 0
  isGivenUp = false
  /** Where its entry lies in the record. */
  start = 0
  end = 0

  constructor(caller: Caller, call: Call) {
    this.caller = caller
    this.call = call
  }

  abstract ended(completion: Completion): void
  abstract failed(error: BackendError): void
}

/** One of which somebody else hears. */
export class AskedCall extends ProposedCall {
  readonly ends: Ends

  constructor(caller: Caller, call: Call, ends: Ends) {
    super(caller, call)
    this.ends = ends
  }

  ended(completion: Completion): void {
    this.ends.ended(completion)
  }

  failed(error: BackendError): void {
    this.ends.failed(error)
  }
}

/** Nothing is written for it, but its place is kept. */
export interface ProposedLook {
  readonly look: Look
  readonly isPatient: boolean
  readonly since: number
  isGivenUp: boolean
}

export type Proposed = ProposedCall | ProposedLook

/** Room for the header, which is written when the record's number is known. */
const NO_HEADER = new Uint8Array(HEADER_BYTES)
const NO_BYTES = new Uint8Array()

/** Entries in the bytes of one record, in which they are encoded when they are proposed: a caller may change its payload after that. */
export class Pack {
  /** Whose calls they are. */
  readonly session: number
  items: Proposed[] = []
  #writer: ByteWriter | undefined
  #bytes: Uint8Array = NO_BYTES

  /** @param writer Nobody else writes to it until the pack is sealed. */
  constructor(session: number, writer: ByteWriter) {
    this.session = session
    this.#writer = writer
    writer.raw(NO_HEADER)
  }

  /** Bytes of the record. */
  get length(): number {
    return this.#writer === undefined ? this.#bytes.length : this.#writer.length
  }

  get isSealed(): boolean {
    return this.#writer === undefined
  }

  /**
   * Writes a call behind the others, and remembers where.
   *
   * @param callerBytes Its caller, as `encodeCaller` gave it. @throws {RangeError} nothing was added.
   */
  write(item: ProposedCall, callerBytes?: Uint8Array): void {
    const writer = this.#open()
    const before = writer.length
    try {
      writer.fixed32(0)
      writeEntry(writer, this.#entry(item, item.call), callerBytes)
    } catch (error) {
      writer.cutTo(before)
      throw error
    }
    item.start = before + LENGTH_BYTES
    item.end = writer.length
    writer.fixed32At(before, item.end - item.start)
  }

  /** Takes back what was written last. */
  unwrite({ start }: ProposedCall): void {
    this.#open().cutTo(start - LENGTH_BYTES)
  }

  /** The record's bytes: nothing more is added. */
  seal(): Uint8Array {
    if (this.#writer !== undefined) this.#bytes = this.#writer.take()
    this.#writer = undefined
    return this.#bytes
  }

  /** Removes what was given up before it was sent. */
  remove(isRemoved: (item: Proposed) => boolean): void {
    const bytes = this.seal()
    this.items = this.items.filter((item) => !isRemoved(item))
    let end = HEADER_BYTES
    for (const item of this.items) {
      if (item.look !== undefined) continue
      // Only ever to the front, over what is gone.
      const sizeBytes = item.end - item.start
      bytes.copyWithin(end, item.start - LENGTH_BYTES, item.end)
      item.start = end + LENGTH_BYTES
      item.end = end = item.start + sizeBytes
    }
    this.#bytes = bytes.subarray(0, end)
  }

  /** Whether a body that came from the log is the one that was proposed. */
  isBody(body: Uint8Array): boolean {
    const own = this.#bytes.subarray(HEADER_BYTES)
    const isSame = own.buffer === body.buffer && own.byteOffset === body.byteOffset && own.length === body.length
    return isSame || Buffer.compare(own, body) === 0
  }

  /** An entry as every other replica has it, which decodes it: the arguments that are the caller's to change are those of the record. */
  applicable(item: ProposedCall): Entry {
    const { call, start, end } = item
    const bytes = this.#bytes
    switch (call.name) {
      case 'msgsnd': {
        const { name, msqid, mtype, msgflg } = call
        // The payload is the last of it.
        const { length } = call.mtext
        const mtext = new Uint8Array(bytes.buffer, bytes.byteOffset + end - length, length)
        return this.#entry(item, { name, msqid, mtype, mtext, msgflg })
      }
      case 'msgrcv':
      case 'accept':
        return this.#entry(item, call)
      default:
        return decodeEntry(bytes.subarray(start, end))
    }
  }

  #entry({ number, now, caller }: ProposedCall, call: Call): Entry {
    return { ticket: { session: this.session, number }, now, caller, call }
  }

  #open(): ByteWriter {
    if (this.#writer === undefined) throw new Error('assertion: nothing is added to a sealed pack')
    return this.#writer
  }
}
