import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Msgbuf } from '../abi/index.ts'
import { BackendError } from '../contract/index.ts'
import {
  LOCK_EX,
  LOCK_NB,
  linuxCalls,
  MAP_FAILED,
  MAP_POPULATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
} from '../linux/index.ts'
import type { FoundInSpool } from './move-plan.ts'
import {
  type FoundMessage,
  findMessage,
  landingOffset,
  MTYPE_BYTES,
  readHeader,
  readLanded,
  reserve,
  SLOT_EMPTY,
  SLOT_FULL,
  SLOT_RECEIVING,
  SLOT_SENDING,
  type SlotState,
  type SlotWords,
  writeExpected,
  writeHeader,
} from './slot-file.ts'

/** Holds any message while msgmax is eight times its default or less; a longer message makes a larger slot. */
const ROOM_BYTES = 65_536 - MTYPE_BYTES
const SUFFIX = '.slot'

/**
 * Where slots are: in memory, for the kernel's queues live no longer than it does either, and their pages are never
 * taken away to be written to a disk while a message lands.
 */
export function spoolDirectory(): string {
  const user = process.geteuid?.() ?? 0
  return path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `msgq-${user}`)
}

/** A message that was left in a spool by a move that ended. */
export interface SpooledMessage extends FoundMessage {
  readonly file: string
}

/** What is told of a message that was found. */
export function foundWords({ mtype, mtext, mayBeSent, mayBeCut, source, target }: FoundMessage): FoundInSpool {
  return { mtype, sizeBytes: mtext.length, mayBeDoubled: mayBeSent, mayBeCut, source, target }
}

/** What is in a spool and belongs to no move that is under way; the message stays there. */
export function spooledMessages(directory: string): SpooledMessage[] {
  return slotFiles(directory).flatMap((file) => {
    const opened = openLocked(file, fs.constants.O_RDWR)
    if (opened === undefined) return []
    try {
      const header = readHeader(opened)
      const found = header === undefined ? undefined : findMessage(opened, header)
      return found === undefined ? [] : [{ ...found, file }]
    } finally {
      fs.closeSync(opened)
    }
  })
}

/** One slot of a spool, for one move. It can be killed at any moment: what was received is found by the next. */
export class Spool {
  readonly path: string
  readonly #file: number
  readonly #words: SlotWords
  #room = 0
  #address = 0n
  /** What the slot held when it was opened. */
  readonly found: FoundMessage | undefined

  private constructor(file: string, opened: number, words: SlotWords) {
    this.path = file
    this.#file = opened
    this.#words = words
    const header = readHeader(opened)
    this.#room = header?.room ?? 0
    this.found = header === undefined ? undefined : findMessage(opened, header)
  }

  /**
   * Opens the slot of a source, and makes it when there is none.
   *
   * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` another process uses it, or the directory is not this user's alone.
   * @throws Node's own system error, `ENOSPC` for instance.
   */
  static open(directory: string, words: SlotWords): Spool {
    makePrivateDirectory(directory)
    const name = createHash('sha256').update(words.source).digest('hex').slice(0, 16)
    return Spool.#openFile(path.join(directory, `${name}${SUFFIX}`), words)
  }

  /** Opens a slot that another move has left, to send its message to `target`. @throws as `open`. */
  static openLeft({ file, source }: SpooledMessage, target: string): Spool {
    return Spool.#openFile(file, { source, target })
  }

  static #openFile(file: string, words: SlotWords): Spool {
    const opened = openLocked(file, fs.constants.O_RDWR | fs.constants.O_CREAT)
    if (opened !== undefined) return new Spool(file, opened, words)
    const why = `another process takes messages from ${words.source} (it uses ${file})`
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', `${why}: wait for its end, or use another spool`)
  }

  /** Where the message lands that `expect` has prepared. */
  get address(): bigint {
    return this.#address
  }

  /** Says that a receive begins, which will most likely take this message and can take none that is longer. */
  expect(message: Msgbuf): void {
    if (this.#room < message.mtext.length || this.#address === 0n) this.#map(message.mtext.length)
    writeExpected(this.#file, this.#room, message)
    this.#write(SLOT_RECEIVING, message.mtext.length)
  }

  /** The message that has landed; from now on its length is known to whoever comes after us. */
  landed(length: number): Msgbuf {
    this.#write(SLOT_FULL, length)
    return readLanded(this.#file, this.#room, length)
  }

  /** Says that the message may be sent from now on. */
  sending(message: Msgbuf): void {
    this.#write(SLOT_SENDING, message.mtext.length)
  }

  /** Says that the message was certainly not sent. */
  notSent(message: Msgbuf): void {
    this.#write(SLOT_FULL, message.mtext.length)
  }

  /** Says that there is no message in the slot. */
  clear(): void {
    this.#write(SLOT_EMPTY, 0)
  }

  /** Lets go of the slot; an empty one is removed. */
  close(): void {
    this.#unmap()
    const header = readHeader(this.#file)
    const isEmpty = header === undefined || findMessage(this.#file, header) === undefined
    if (isEmpty) fs.rmSync(this.path, { force: true })
    fs.closeSync(this.#file)
  }

  #map(leastRoom: number): void {
    this.#unmap()
    const room = Math.max(leastRoom, ROOM_BYTES)
    this.#room = room
    this.#write(SLOT_EMPTY, 0)
    reserve(this.#file, room)
    const { mmap, mlock, errno } = linuxCalls()
    const offset = landingOffset(room)
    const address = mmap(MTYPE_BYTES + room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, this.#file, offset)
    if (address === MAP_FAILED) throw new Error(`${this.path} cannot be mapped into memory (errno ${errno()})`)
    this.#address = address
    // Refused to users above RLIMIT_MEMLOCK: then the pages are there all the same, but may be swapped out.
    mlock(address, MTYPE_BYTES + room)
  }

  #unmap(): void {
    if (this.#address === 0n) return
    linuxCalls().munmap(this.#address, MTYPE_BYTES + this.#room)
    this.#address = 0n
  }

  #write(state: SlotState, length: number): void {
    writeHeader(this.#file, { state, length, room: this.#room, ...this.#words })
  }
}

function slotFiles(directory: string): string[] {
  try {
    return fs
      .readdirSync(directory)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => path.join(directory, name))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** Opens a slot for this process alone, until it is closed or we end. @returns `undefined` when another one has it. */
function openLocked(file: string, flags: number): number | undefined {
  for (;;) {
    const opened = openExisting(file, flags)
    if (opened === undefined) return undefined
    if (linuxCalls().flock(opened, LOCK_EX | LOCK_NB) !== 0) {
      fs.closeSync(opened)
      return undefined
    }
    // Its last user may have removed the file before it let go of it: then the name is another file's, or nobody's.
    if (fs.fstatSync(opened).nlink > 0) return opened
    fs.closeSync(opened)
  }
}

function openExisting(file: string, flags: number): number | undefined {
  try {
    return fs.openSync(file, flags | fs.constants.O_NOFOLLOW, 0o600)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Messages are for those who may read their queue: nobody else may see into the directory, or have made it. */
function makePrivateDirectory(directory: string): void {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 })
  const { uid, mode } = fs.lstatSync(directory)
  if (uid === process.geteuid?.() && (mode & 0o077) === 0) return
  const why = `${directory} is not this user's alone (0${(mode & 0o7777).toString(8)}, uid ${uid})`
  throw new BackendError('ERR_MSGQ_UNAVAILABLE', `${why}: messages would be open to others; use another spool`)
}
