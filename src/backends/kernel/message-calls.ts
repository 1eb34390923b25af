import {
  ERRNO,
  type ErrnoName,
  errnoName,
  INT_MAX,
  IPC_INFO,
  IPC_NOWAIT,
  type Long,
  MSG_NOERROR,
  MSGINFO_BYTES,
  type Msgbuf,
  readLong,
  readMsgInfo,
  writeLong,
} from '../../abi/index.ts'
import { type LinuxCalls, linuxCalls } from '../../linux/index.ts'

/** What msgsnd takes. */
export interface SendArguments {
  readonly msqid: number
  readonly mtype: Long
  readonly mtext: Uint8Array
  readonly msgflg: number
}

/** What msgrcv takes. */
export interface ReceiveArguments {
  readonly msqid: number
  readonly msgsz: number
  readonly msgtyp: Long
  readonly msgflg: number
}

/** Where msgrcv puts a message: memory of the caller's, with room for 8 bytes and `msgsz` more. */
export interface LandingPlace {
  readonly address: bigint
}

/** Bytes of the `long` in front of a message. */
const MTYPE_BYTES = 8
/** Room for a payload to begin with: holds any message while msgmax is eight times its default or less. */
const ROOM_BYTES = 64 * 1024
/** A buffer that grew beyond this is dropped after its call: few messages are so long. */
const KEPT_ROOM_BYTES_MAX = 1024 * 1024
/** How much more room is tried when a message did not fit. */
const GROWTH = 4

/** msgsnd and msgrcv on the calling thread, through one buffer that is used again. */
export class MessageCalls {
  readonly #linux: LinuxCalls = linuxCalls()
  #buffer = new Uint8Array(MTYPE_BYTES + ROOM_BYTES)
  #view = new DataView(this.#buffer.buffer)
  /** The buffer's. To look it up at each call would take a twentieth of a call. */
  #address = this.#linux.addressOf(this.#buffer)
  /** Where the last message was: most are of one length, and what copies a part of a buffer first makes a view of it. */
  #text = new Uint8Array(this.#buffer.buffer, MTYPE_BYTES, 0)

  /** Makes one msgsnd. @returns Why the kernel refused; `undefined` when the message was sent. */
  send({ msqid, mtype, mtext, msgflg }: SendArguments): ErrnoName | undefined {
    this.#reserve(mtext.length)
    writeLong(this.#view, 0, mtype)
    this.#buffer.set(mtext, MTYPE_BYTES)
    const result = this.#linux.msgsnd(msqid, this.#address, mtext.length, msgflg)
    const errno = result < 0 ? this.#linux.errno() : 0
    this.#dropLargeBuffer()
    return errno === 0 ? undefined : named(errno)
  }

  /**
   * Makes one msgrcv, of a message or a copy, as if the buffer had room for `msgsz` bytes. It has less where `msgsz` is
   * huge: a message that does not fit fails with E2BIG and stays where it is, and is asked for again with more room. A
   * call with less room than `msgsz` never has MSG_NOERROR, so nothing is cut that need not be.
   *
   * @returns The message, or why the kernel refused.
   */
  receive({ msqid, msgsz, msgtyp, msgflg }: ReceiveArguments): Msgbuf | ErrnoName {
    let room = this.#roomFor(msgsz, msgflg)
    for (;;) {
      const asked = Math.min(msgsz, room)
      this.#reserve(asked)
      const flags = asked < msgsz ? msgflg & ~MSG_NOERROR : msgflg
      const length = Number(this.#linux.msgrcv(msqid, this.#address, asked, msgtyp, flags))
      if (length >= 0) return this.#message(length)
      const errno = this.#linux.errno()
      if (errno !== ERRNO.E2BIG || asked === msgsz || asked >= INT_MAX) {
        this.#dropLargeBuffer()
        return named(errno)
      }
      room = Math.min(room * GROWTH, INT_MAX)
    }
  }

  /** Makes one msgrcv straight into memory. @returns The payload's length, or why the kernel refused. */
  receiveInto({ msqid, msgsz, msgtyp, msgflg, address }: ReceiveArguments & LandingPlace): number | ErrnoName {
    const length = Number(this.#linux.msgrcv(msqid, address, msgsz, msgtyp, msgflg))
    return length >= 0 ? length : named(this.#linux.errno())
  }

  /** A waiting call gets room for the longest message that can be sent now, so that it need not line up twice. */
  #roomFor(msgsz: number, msgflg: number): number {
    const room = this.#buffer.length - MTYPE_BYTES
    if (msgsz <= room || msgflg & IPC_NOWAIT) return room
    const info = new Uint8Array(MSGINFO_BYTES)
    if (this.#linux.msgctl(0, IPC_INFO, info) < 0) return room
    return Math.max(room, readMsgInfo(info).max)
  }

  #message(length: number): Msgbuf {
    if (this.#text.length !== length) this.#text = this.#buffer.subarray(MTYPE_BYTES, MTYPE_BYTES + length)
    const message = { mtype: readLong(this.#view, 0), mtext: new Uint8Array(this.#text) }
    this.#dropLargeBuffer()
    return message
  }

  #reserve(room: number): void {
    if (this.#buffer.length >= MTYPE_BYTES + room) return
    this.#replaceBuffer(room)
  }

  #dropLargeBuffer(): void {
    if (this.#buffer.length > MTYPE_BYTES + KEPT_ROOM_BYTES_MAX) this.#replaceBuffer(ROOM_BYTES)
  }

  #replaceBuffer(room: number): void {
    this.#buffer = new Uint8Array(MTYPE_BYTES + room)
    this.#view = new DataView(this.#buffer.buffer)
    this.#address = this.#linux.addressOf(this.#buffer)
    this.#text = this.#buffer.subarray(MTYPE_BYTES, MTYPE_BYTES)
  }
}

/** The name of an errno that these calls document. */
export function named(errno: number): ErrnoName {
  const name = errnoName(errno)
  if (name === undefined) throw new Error(`the kernel answered with errno ${errno}, which msgop(2) does not know`)
  return name
}
