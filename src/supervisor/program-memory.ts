import { type Long, type Msgbuf, readLong, writeLong } from '../abi/index.ts'
import { IOVEC_BYTES, type SupervisionCalls, supervisionCalls } from '../linux/index.ts'

/** One copy at a time is as long as this; messages are seldom longer. */
const ARENA_BYTES = 64 * 1024
const PAGE_BYTES = 4096
/** `struct iovec`s: ours, then the program's two. */
const IOVECS = 3

/** Memory of other processes, by the rules of their pages. A thread's number names its process's memory. */
export class ProgramMemory {
  readonly #calls: SupervisionCalls = supervisionCalls()
  readonly #iovecs = new Int32Array(new ArrayBuffer(IOVECS * IOVEC_BYTES))
  readonly #iovecsAddress = this.#calls.addressOf(new Uint8Array(this.#iovecs.buffer))
  readonly #arena = new Uint8Array(new ArrayBuffer(ARENA_BYTES))
  readonly #arenaView = new DataView(this.#arena.buffer)
  readonly #arenaAddress = this.#calls.addressOf(this.#arena)
  /** The last text's place in the arena: a program's messages are mostly of one size, and a view takes long to make, or to ask. */
  #text: Uint8Array = this.#arena.subarray(0, 0)
  #textStart = 0

  /**
   * Copies bytes of a program.
   *
   * @returns The bytes, which the next call on this object may change; `undefined` where they are not all readable.
   */
  read(tid: number, address: number, length: number): Uint8Array | undefined {
    if (length === 0) return this.#arena.subarray(0, 0)
    const [bytes, local] = this.#room(length)
    return this.#readUpTo(tid, address, length, local, 0) === length ? bytes.subarray(0, length) : undefined
  }

  /** Reads a `struct msgbuf` with so many bytes of text. @returns as `read`; the type is read, and not looked at. */
  readMessage(tid: number, address: number, bits: 64 | 32, msgsz: number): Msgbuf | undefined {
    const word = bits / 8
    const [bytes, local] = this.#room(word + msgsz)
    if (this.#readUpTo(tid, address, word + msgsz, local, 0) !== word + msgsz) return undefined
    const view = this.#viewOf(bytes)
    const mtype = bits === 64 ? readLong(view, 0) : view.getInt32(0, true)
    if (bytes !== this.#arena) return { mtype, mtext: bytes.subarray(word) }
    if (this.#text.length !== msgsz || this.#textStart !== word) {
      this.#text = bytes.subarray(word, word + msgsz)
      this.#textStart = word
    }
    return { mtype, mtext: this.#text }
  }

  /** Copies bytes into a program. @returns `false` where it may not write all of them; the first may be written then. */
  write(tid: number, address: number, bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    const [room, local] = this.#room(bytes.length)
    room.set(bytes)
    return this.#writeFrom(local, tid, address, bytes.length)
  }

  /** Writes a `struct msgbuf`; a type that 32 bits do not hold is cut, as the kernel does. @returns as `write`. */
  writeMessage(tid: number, address: number, bits: 64 | 32, mtype: Long, mtext: Uint8Array): boolean {
    const word = bits / 8
    const [bytes, local] = this.#room(word + mtext.length)
    const view = this.#viewOf(bytes)
    if (bits === 64) writeLong(view, 0, mtype)
    else view.setInt32(0, Number(BigInt.asIntN(32, BigInt(mtype))), true)
    bytes.set(mtext, word)
    return this.#writeFrom(local, tid, address, word + mtext.length)
  }

  /** Reads what C calls a string. @returns `undefined` where it is unreadable or longer than `most` bytes. */
  readString(tid: number, address: number, most: number): string | undefined {
    // The string may end with its page, and the next one belong to nobody.
    const toPage = Math.min(PAGE_BYTES - (address % PAGE_BYTES), most)
    const there = this.#readUpTo(tid, address, toPage, this.#arenaAddress, most - toPage)
    if (there <= 0) return undefined
    const end = this.#arena.subarray(0, there).indexOf(0)
    return end < 0 ? undefined : Buffer.from(this.#arena.subarray(0, end)).toString()
  }

  #viewOf(room: Uint8Array): DataView {
    return room === this.#arena ? this.#arenaView : new DataView(room.buffer)
  }

  /** Room of so many bytes, and its address. */
  #room(length: number): [bytes: Uint8Array, address: number] {
    if (length <= ARENA_BYTES) return [this.#arena, this.#arenaAddress]
    const bytes = new Uint8Array(new ArrayBuffer(length))
    return [bytes, this.#calls.addressOf(bytes)]
  }

  #writeFrom(local: number, tid: number, address: number, length: number): boolean {
    this.#setIovec(0, local, length)
    this.#setIovec(1, address, length)
    const remote = this.#iovecsAddress + IOVEC_BYTES
    return this.#calls.processVmWritev(tid, this.#iovecsAddress, 1, remote, 1) === length
  }

  /** @returns How many bytes were read; -1 for none. */
  #readUpTo(tid: number, address: number, first: number, local: number, second: number): number {
    this.#setIovec(0, local, first + second)
    this.#setIovec(1, address, first)
    if (second > 0) this.#setIovec(2, address + first, second)
    return this.#calls.processVmReadv(
      tid,
      this.#iovecsAddress,
      1,
      this.#iovecsAddress + IOVEC_BYTES,
      second === 0 ? 1 : 2,
    )
  }

  /** Two longs, 0 or more, in halves: what an array of 32 bits is given above them is cut. */
  #setIovec(index: number, address: number, length: number): void {
    const at = (index * IOVEC_BYTES) / 4
    this.#iovecs[at] = address
    this.#iovecs[at + 1] = address / 2 ** 32
    this.#iovecs[at + 2] = length
    this.#iovecs[at + 3] = length / 2 ** 32
  }
}
