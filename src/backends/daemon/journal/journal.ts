import { cutBehind } from './cut.ts'
import type { Disk } from './disk.ts'
import { JournalError } from './errors.ts'
import type { JournalRecord } from './frame.ts'
import { readRecords } from './history.ts'
import {
  type Chunks,
  type ImageFile,
  imageFile,
  imageName,
  isWholeImage,
  type JournalImage,
  writeUnfinishedImage,
} from './image-file.ts'
import { damagedImage, type Inventory, takeInventory } from './inventory.ts'
import { type JournalOptions, settle } from './options.ts'
import { Reading } from './reading.ts'
import { type EndOfRecords, replay, replayedBytes } from './replay.ts'
import { basesOf, coveredSegments, oldestKept, removeBefore } from './retention.ts'
import { openSegment, SEGMENT_HEADER_BYTES, type Segment, UNFINISHED } from './segment.ts'
import { planned, SegmentSupply } from './supply.ts'
import { type AppendOptions, type Position, Writer } from './writer.ts'

/** What brings a state back: an image, and the records after it. */
export interface Recovery {
  /** `undefined`: the records are all that there ever were. */
  readonly image: JournalImage | undefined
  /** In order, in lists. To be read once, to the end. */
  readonly records: AsyncIterable<readonly JournalRecord[]>
}

/** A state of the past. What it needs stays on the disk until this is disposed of. */
export interface PastState extends Recovery, Disposable {}

/**
 * A durable sequence of records, and images of what they lead to. See docs/reference/journal.md.
 *
 * A record is appended in memory, gets its number at once, and is durable when `onDurable` says so. Numbers go on from 1 without a
 * gap. One process at a time has a journal.
 */
export class Journal {
  readonly #disk: Disk
  readonly #id: Buffer
  readonly #options: Required<JournalOptions>
  #segments: Segment[]
  #images: ImageFile[]
  #writer: Writer | undefined
  #imaging: Promise<void> = Promise.resolve()
  /** The last record of each state that is being looked back at, before which nothing is removed. */
  readonly #pins = new Set<{ sequence: number }>()
  /** What the journal held when it was opened. Nothing can be appended before its records were read to the end. */
  readonly recovery: Recovery

  private constructor(
    disk: Disk,
    inventory: Inventory,
    image: ImageFile | undefined,
    reading: Reading,
    options: Required<JournalOptions>,
  ) {
    this.#disk = disk
    this.#options = options
    this.#id = inventory.id
    this.#segments = [...inventory.segments]
    this.#images = inventory.images.filter(({ sequence }) => sequence <= (image?.sequence ?? 0))
    this.recovery = {
      image: image === undefined ? undefined : { ...image, chunks: () => reading.counted(image.chunks()) },
      records: this.#recover(image, reading),
    }
  }

  /**
   * Opens the journal of a directory, or begins one; it is this process's until `close`. Its state has to be brought back from
   * `recovery` before anything else is asked of it.
   *
   * @throws {JournalError} `ERR_MSGQ_JOURNAL_LOCKED`, `ERR_MSGQ_JOURNAL_VERSION`, or `ERR_MSGQ_JOURNAL_DAMAGED`, which
   *   reading `recovery.records` throws too. Nothing was changed.
   * @throws {RangeError} An option is out of its range.
   * @throws Node's own system error, `EACCES` for instance.
   */
  static async open(disk: Disk, options: JournalOptions = {}): Promise<Journal> {
    const settled = settle(options)
    const owner = await disk.lock()
    if (owner !== undefined) {
      throw new JournalError('ERR_MSGQ_JOURNAL_LOCKED', `${disk.path} is the journal of ${owner}, which still runs`)
    }
    try {
      const inventory = await takeInventory(disk, settled.onNotice)
      const newest = inventory.images.at(-1)
      const totalBytes = 2 * (newest?.bytes ?? 0) + replayedBytes(inventory.segments, newest)
      const reading = new Reading(totalBytes, settled.onProgress)
      return new Journal(disk, inventory, await newestImage(disk, inventory, reading, settled), reading, settled)
    } catch (error) {
      await disk.close()
      throw error
    }
  }

  /** Resolves when the disk has failed, which is final: end the process, and open the journal again. Never rejects. */
  get failed(): Promise<JournalError> {
    return this.#ready().failed
  }

  /** Random bytes that are this journal's own, and in its files alone: who can read them can read it. */
  get id(): Uint8Array {
    return this.#id
  }

  /** The last record that was appended. */
  get last(): Position {
    return this.#ready().last
  }

  /** The last record that is durable. */
  get durable(): number {
    return this.#ready().durable
  }

  /**
   * Whether a record of so many bytes can be appended now: ask before its entry is applied, and append it before anything else
   * is awaited. `false`: the disk is full, and is looked at again each second.
   */
  canAppend(recordBytes: number, options?: AppendOptions): boolean {
    return this.#ready().canAppend(recordBytes, options)
  }

  /**
   * Appends a record.
   *
   * @param record At most `RECORD_BYTES_MAX` bytes, which are copied.
   * @param time Milliseconds since 1970, 0 to 2^48-1. One before the last record's is taken for that.
   * @returns Its sequence number: it is durable when `onDurable` or `whenDurable` says so of this or a later one.
   * @throws {JournalError} `ERR_MSGQ_JOURNAL_FAILED`: the record was not appended, and none will be.
   * @throws {RangeError} The record is too long, or the time out of range. Nothing was appended.
   */
  append(record: Uint8Array, time: number, options?: AppendOptions): number {
    return this.#ready().append(record, time, options)
  }

  /**
   * Resolves when a record is durable, as the journal's durability has it. Default: the last one.
   *
   * @throws {JournalError} `ERR_MSGQ_JOURNAL_FAILED`: it may be durable or not.
   */
  whenDurable(sequence?: number): Promise<void> {
    return this.#ready().whenDurable(sequence)
  }

  /** Resolves when all that was appended is on the disk, whatever the durability. @throws as `whenDurable`. */
  flush(): Promise<void> {
    return this.#ready().flush()
  }

  /**
   * Writes an image, while records are appended; then removes what it covers and `retain` does not keep. The next one waits for it.
   *
   * @param chunks The state after the record `covered` and none later, in any number of pieces of at most 64 MiB.
   * @param covered `last`, as it was when that state was copied.
   * @throws {RangeError} There is no such record, or a chunk is too long.
   * @throws {JournalError} `ERR_MSGQ_JOURNAL_FAILED`.
   * @throws Node's own system error, `ENOSPC` for instance, or what `chunks` throws. After each of them the journal goes on as before.
   */
  writeImage(chunks: Chunks, covered: Position): Promise<void> {
    const writing = this.#imaging.then(() => this.#writeImage(chunks, covered))
    this.#imaging = writing.catch(() => undefined)
    return writing
  }

  /** The earliest instant whose state can still be brought back, in milliseconds since 1970; `undefined` without any record. */
  get oldestInstant(): number | undefined {
    const [image] = basesOf(this.#segments, this.#images)
    return image?.time ?? this.#segments.find(({ first }) => first !== undefined)?.firstTime
  }

  /**
   * What brings back the state after the last durable record of an instant.
   *
   * @param time Milliseconds since 1970.
   * @returns `undefined` when the instant is no longer held. Dispose of it (`using`), or nothing is removed any more.
   * @throws {JournalError} `ERR_MSGQ_JOURNAL_DAMAGED`, which reading `records` throws too.
   */
  async at(time: number): Promise<PastState | undefined> {
    const last = this.#ready().durable
    const pin = { sequence: 0 }
    this.#pins.add(pin)
    const unpin = () => {
      this.#pins.delete(pin)
    }
    for (const image of [...basesOf(this.#segments, this.#images)].reverse()) {
      if (image !== undefined && (image.time > time || !(await this.#isWhole(image)))) continue
      pin.sequence = image?.sequence ?? 0
      const span = { first: pin.sequence + 1, last, from: 0, to: time }
      return { image, records: readRecords(this.#disk, this.#segments, span), [Symbol.dispose]: unpin }
    }
    unpin()
    return undefined
  }

  /**
   * Reads the durable records that are still held, in order, in lists.
   *
   * @param span Milliseconds since 1970, both included. Default: from the oldest to the newest.
   * @throws {JournalError} `ERR_MSGQ_JOURNAL_DAMAGED` at the first that cannot be read; ask again from a later instant.
   */
  async *history({
    from = 0,
    to = Number.POSITIVE_INFINITY,
  }: {
    readonly from?: number
    readonly to?: number
  } = {}): AsyncGenerator<readonly JournalRecord[]> {
    const last = this.#ready().durable
    const first = this.#segments.find((segment) => segment.first !== undefined)?.first
    if (first === undefined) return
    const pin = { sequence: first - 1 }
    this.#pins.add(pin)
    try {
      yield* readRecords(this.#disk, this.#segments, { first, last, from, to })
    } finally {
      this.#pins.delete(pin)
    }
  }

  /** Flushes, and lets go of the directory. @throws {JournalError} The disk has failed, now or before; the directory is free all the same. */
  async close(): Promise<void> {
    try {
      await this.#imaging
      await this.#writer?.close()
    } finally {
      await this.#disk.close()
    }
  }

  #ready(): Writer {
    if (this.#writer === undefined) throw new Error('assertion: the journal is used before its records were read')
    return this.#writer
  }

  async *#recover(image: ImageFile | undefined, reading: Reading): AsyncGenerator<readonly JournalRecord[]> {
    const end = yield* replay(this.#disk, this.#segments, image, this.#options.onNotice, reading)
    this.#segments = [...(await cutBehind(this.#disk, this.#segments, end, this.#options))]
    const isTailOfUse = image === undefined || end.seen >= image.sequence || (await this.#endHistory(image))
    await this.#begin(isTailOfUse ? end.place : undefined, end)
    await this.#prune()
  }

  /**
   * Records that an image covers are gone, the last ones. Nothing of the state is lost, but the next record would not follow on those
   * that are there: they go.
   *
   * @returns Whether the records' segment can be gone on with.
   */
  async #endHistory(image: ImageFile): Promise<boolean> {
    const filled = this.#segments.filter(({ first }) => first !== undefined)
    if (filled.length === 0) return true
    const message = `records before ${image.name} are missing: there is no looking back beyond it`
    this.#options.onNotice({ kind: 'history-ended', message, file: image.name })
    for (const { name } of filled) await this.#disk.remove(name)
    await this.#disk.flushNames()
    this.#segments = this.#segments.filter((segment) => !filled.includes(segment))
    return false
  }

  /** Appends from here on. */
  async #begin(place: EndOfRecords['place'], { next, time }: EndOfRecords): Promise<void> {
    const { segmentBytes, onNotice } = this.#options
    const tail = place === undefined ? undefined : this.#segments[place.index]
    const last = place?.index ?? this.#segments.findLastIndex(({ first }) => first !== undefined)
    const empty = this.#segments.slice(last + 1)
    const spares = await Promise.all(empty.map((segment) => openSegment(this.#disk, segment)))
    const number = 1 + Math.max(0, ...this.#segments.map((segment) => segment.number))
    const supply = new SegmentSupply(this.#disk, this.#id, spares, number, {
      segmentBytes,
      onNotice,
      onMade: (segment) => {
        this.#segments = [...this.#segments, segment].sort((one, other) => one.number - other.number)
      },
      onError: (error) => this.#writer?.fail(error),
    })
    const start =
      tail === undefined || place === undefined
        ? { planned: supply.take(0), offset: SEGMENT_HEADER_BYTES }
        : { planned: planned(await openSegment(this.#disk, tail)), offset: place.offset }
    await start.planned.ready
    supply.begin()
    this.#writer = new Writer(this.#disk, supply, start, { sequence: next - 1, time }, this.#options)
  }

  async #writeImage(chunks: Chunks, covered: Position): Promise<void> {
    const writer = this.#ready()
    if (covered.sequence < 1 || covered.sequence > writer.last.sequence) {
      throw new RangeError(`an image covers a record from 1 to ${writer.last.sequence}, not ${covered.sequence}`)
    }
    if ((this.#images.at(-1)?.sequence ?? 0) >= covered.sequence) return
    const name = imageName(covered.sequence)
    try {
      const bytes = await writeUnfinishedImage(this.#disk, this.#id, covered, chunks)
      // An image of records that a power cut takes away would be an image of what never happened.
      await writer.flush()
      await this.#disk.rename(name + UNFINISHED, name)
      await this.#disk.flushNames()
      this.#images = [...this.#images, imageFile(this.#disk, { ...covered, id: this.#id, bytes })]
    } catch (error) {
      await this.#disk.remove(name + UNFINISHED).catch(() => undefined)
      throw error
    }
    await this.#prune()
  }

  async #prune(): Promise<void> {
    const { time } = this.#ready().last
    const oldest = oldestKept(this.#segments, this.#images, time, this.#options.retain)
    const kept = Math.min(oldest, ...[...this.#pins].map(({ sequence }) => sequence))
    const removed = coveredSegments(this.#segments, kept)
    // Before they are removed: whoever begins to look back meanwhile does not count on them.
    this.#segments = this.#segments.slice(removed.length)
    this.#images = this.#images.filter(({ sequence }) => sequence >= kept)
    await removeBefore(this.#disk, removed, kept)
  }

  async #isWhole(image: ImageFile): Promise<boolean> {
    const isWhole = await isWholeImage(this.#disk, image)
    if (!isWhole) this.#options.onNotice(damagedImage(image.name))
    return isWhole
  }
}

/** The newest image that is whole. */
async function newestImage(
  disk: Disk,
  { images }: Inventory,
  reading: Reading,
  { onNotice }: Required<JournalOptions>,
): Promise<ImageFile | undefined> {
  for (const image of [...images].reverse()) {
    if (await isWholeImage(disk, image, reading)) return image
    onNotice(damagedImage(image.name))
  }
  return undefined
}
