import type { BackendError } from '../../contract/index.ts'
import type { Completion, Entry } from '../../engine/index.ts'
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

interface InLine {
  /** Whether it waits however long an outage takes. */
  readonly isPatient: boolean
  /** When it was proposed, in ticks of the proposer. */
  readonly since: number
  isGivenUp: boolean
  /** Of a call, where its entry lies in the record. */
  start: number
  end: number
}

export interface ProposedCall extends InLine {
  readonly entry: Entry
  readonly ends: Ends
  readonly look: undefined
}

/** Nothing is written for it, but its place is kept. */
export interface ProposedLook extends InLine {
  readonly entry: undefined
  readonly ends: undefined
  readonly look: Look
}

export type Proposed = ProposedCall | ProposedLook

/** Room for the header, which is written when the record's number is known. */
const NO_HEADER = new Uint8Array(HEADER_BYTES)
const NO_BYTES = new Uint8Array()

/** Entries in the bytes of one record, in which they are encoded when they are proposed: a caller may change its payload after that. */
export class Pack {
  items: Proposed[] = []
  /** Those before it are done. */
  next = 0
  #writer: ByteWriter | undefined
  #bytes: Uint8Array = NO_BYTES

  /** @param writer Nobody else writes to it until the pack is sealed. */
  constructor(writer: ByteWriter) {
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

  /** Those that are not done. */
  get rest(): readonly Proposed[] {
    return this.next === 0 ? this.items : this.items.slice(this.next)
  }

  /** Writes an entry behind the others. @returns Where it begins. @throws {RangeError} nothing was added. */
  write(entry: Entry): number {
    const writer = this.#open()
    const before = writer.length
    try {
      writer.fixed32(0)
      writeEntry(writer, entry)
    } catch (error) {
      writer.cutTo(before)
      throw error
    }
    const start = before + LENGTH_BYTES
    writer.fixed32At(before, writer.length - start)
    return start
  }

  /** Takes back what was written last. */
  unwrite(start: number): void {
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
      if (item.entry === undefined) continue
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
  applicable({ entry, start, end }: ProposedCall): Entry {
    const { ticket, now, caller, call } = entry
    const bytes = this.#bytes
    switch (call.name) {
      case 'msgsnd': {
        const { name, msqid, mtype, msgflg } = call
        // The payload is the last of it.
        const { length } = call.mtext
        const mtext = new Uint8Array(bytes.buffer, bytes.byteOffset + end - length, length)
        return { ticket, now, caller, call: { name, msqid, mtype, mtext, msgflg } }
      }
      case 'msgrcv':
      case 'accept':
        return entry
      default:
        return decodeEntry(bytes.subarray(start, end))
    }
  }

  #open(): ByteWriter {
    if (this.#writer === undefined) throw new Error('assertion: nothing is added to a sealed pack')
    return this.#writer
  }
}
