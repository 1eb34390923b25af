import fs from 'node:fs'
import { type Long, type Msgbuf, readLong, writeLong } from '../abi/index.ts'

/**
 * A slot: one message between two queues, in a file whose bytes the kernel itself writes (`msgrcvInto`).
 *
 *   offset 0        'msgqslot', u32 state, u32 length, u32 room, u32 length of the words, the words: JSON [source, target]
 *   offset ALIGNED  the expected message: 8 bytes of type, `room` bytes, up to the next multiple of ALIGNED
 *   then            where it lands: 8 bytes of type, `room` bytes
 *
 * Everything is in the page cache as soon as it is written, whoever is killed then; nothing is flushed to a disk.
 */

export const SLOT_EMPTY = 0
/** A receive is under way or done: the type where it lands is 0 until the kernel has put a message there. */
export const SLOT_RECEIVING = 1
/** A message that is in no queue: it was received, and not sent. */
export const SLOT_FULL = 2
/** A message that was received, and may have been sent. */
export const SLOT_SENDING = 3

export type SlotState = typeof SLOT_EMPTY | typeof SLOT_RECEIVING | typeof SLOT_FULL | typeof SLOT_SENDING

/** The largest page of the machines that Linux calls are known for: memory is mapped at its multiples. */
export const ALIGNED = 65_536
export const MTYPE_BYTES = 8

const MAGIC = Buffer.from('msgqslot')
const STATE_OFFSET = 8
const ROOM_OFFSET = 16
const WORDS_OFFSET = 24
/** URLs and queue names, which a user wrote: the header is written at once, and so within the smallest page. */
const WORDS_BYTES_MAX = 4_096 - WORDS_OFFSET

/** Where a message comes from and goes to, as people name it. */
export interface SlotWords {
  readonly source: string
  readonly target: string
}

/** A message that was found in a slot. */
export interface FoundMessage extends Msgbuf, SlotWords {
  /** It may have been sent already. */
  readonly mayBeSent: boolean
  /** The process ended before it learnt the length, and the message was not the expected one: it may be longer. */
  readonly mayBeCut: boolean
}

export interface SlotHeader extends SlotWords {
  readonly state: SlotState
  readonly length: number
  readonly room: number
}

/** @returns `undefined` when the file is no slot, or was not made whole. */
export function readHeader(file: number): SlotHeader | undefined {
  const head = readAt(file, 0, WORDS_OFFSET)
  if (head.length < WORDS_OFFSET || !head.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  const wordsLength = head.readUInt32LE(ROOM_OFFSET + 4)
  if (wordsLength > WORDS_BYTES_MAX) return undefined
  const state = stateFrom(head.readUInt32LE(STATE_OFFSET))
  const words = wordsFrom(readAt(file, WORDS_OFFSET, wordsLength))
  if (state === undefined || words === undefined) return undefined
  return { state, length: head.readUInt32LE(STATE_OFFSET + 4), room: head.readUInt32LE(ROOM_OFFSET), ...words }
}

/**
 * Writes state, length, room and words at once: a process that is killed has written all or none of what goes into one
 * page. Source: mm/filemap.c, generic_perform_write().
 */
export function writeHeader(file: number, { state, length, room, source, target }: SlotHeader): void {
  const words = Buffer.from(JSON.stringify([source, target]))
  if (words.length > WORDS_BYTES_MAX) throw new RangeError('the names of source and target are too long')
  const head = Buffer.alloc(WORDS_OFFSET + words.length)
  MAGIC.copy(head)
  head.writeUInt32LE(state, STATE_OFFSET)
  head.writeUInt32LE(length, STATE_OFFSET + 4)
  head.writeUInt32LE(room, ROOM_OFFSET)
  head.writeUInt32LE(words.length, ROOM_OFFSET + 4)
  words.copy(head, WORDS_OFFSET)
  writeAt(file, 0, head)
}

/** Has the pages there before the kernel writes into them: a full disk is found out now. */
export function reserve(file: number, room: number): void {
  writeAt(file, landingOffset(room), Buffer.alloc(MTYPE_BYTES + room))
}

/**
 * Puts down which message is expected, and the opposite of it where it will land: every byte that lands is another
 * one than was there, so that a whole message can be told from none, and its length is sure, without its receiver.
 */
export function writeExpected(file: number, room: number, { mtype, mtext }: Msgbuf): void {
  const expected = Buffer.alloc(MTYPE_BYTES + mtext.length)
  writeLong(new DataView(expected.buffer, expected.byteOffset), 0, mtype)
  expected.set(mtext, MTYPE_BYTES)
  writeAt(file, ALIGNED, expected)
  const opposite = Buffer.alloc(expected.length)
  for (let at = MTYPE_BYTES; at < opposite.length; at++) opposite[at] = ~(expected[at] ?? 0)
  writeAt(file, landingOffset(room), opposite)
}

/** The message that is where messages land. */
export function readLanded(file: number, room: number, length: number): Msgbuf {
  const bytes = readAt(file, landingOffset(room), MTYPE_BYTES + length)
  return { mtype: mtypeOf(bytes), mtext: new Uint8Array(bytes.subarray(MTYPE_BYTES)) }
}

/** The message that a process which ended has left in its slot; `undefined` when there is none. */
export function findMessage(
  file: number,
  { state, length, room, source, target }: SlotHeader,
): FoundMessage | undefined {
  if (state === SLOT_EMPTY) return undefined
  const landed = readLanded(file, room, length)
  const found = { ...landed, source, target, mayBeSent: state === SLOT_SENDING, mayBeCut: false }
  if (state !== SLOT_RECEIVING) return found
  // The kernel writes the type first, and is not interrupted by a kill before the last byte: the pages are there.
  // Source: ipc/msg.c, do_msg_fill().
  if (landed.mtype === 0) return undefined
  const expected = readAt(file, ALIGNED + MTYPE_BYTES, length)
  if (expected.equals(landed.mtext)) return found
  // Another receiver took the expected one. What landed instead goes up to the last byte that changed, or beyond it.
  let end = length
  while (end > 0 && landed.mtext[end - 1] === (~(expected[end - 1] ?? 0) & 0xff)) end--
  return { ...found, mtext: landed.mtext.slice(0, end), mayBeCut: true }
}

/** Where messages land: memory is mapped from here on. */
export function landingOffset(room: number): number {
  return ALIGNED + Math.ceil((MTYPE_BYTES + room) / ALIGNED) * ALIGNED
}

function mtypeOf(bytes: Buffer): Long {
  return readLong(new DataView(bytes.buffer, bytes.byteOffset), 0)
}

function stateFrom(value: number): SlotState | undefined {
  return ([SLOT_EMPTY, SLOT_RECEIVING, SLOT_FULL, SLOT_SENDING] as const).find((state) => state === value)
}

function wordsFrom(bytes: Buffer): SlotWords | undefined {
  try {
    const [source, target] = JSON.parse(bytes.toString()) as readonly unknown[]
    return typeof source === 'string' && typeof target === 'string' ? { source, target } : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, fs.readSync(file, bytes, 0, length, offset))
}

function writeAt(file: number, offset: number, bytes: Uint8Array): void {
  let written = 0
  while (written < bytes.length) written += fs.writeSync(file, bytes, written, bytes.length - written, offset + written)
}
