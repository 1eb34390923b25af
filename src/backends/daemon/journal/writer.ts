import { soon } from '../soon.ts'
import { type Disk, writeAllNow } from './disk.ts'
import { JournalError } from './errors.ts'
import { frameBytes, OpenFrame, U48_MAX } from './frame.ts'
import { type JournalOptions, RECORD_BYTES_MAX } from './options.ts'
import { type OpenSegment, SEGMENT_HEADER_BYTES } from './segment.ts'
import type { PlannedSegment, SegmentSupply } from './supply.ts'

/** A record's number, and its time in milliseconds since 1970; both 0 before the first record. */
export interface Position {
  readonly sequence: number
  readonly time: number
}

export interface AppendOptions {
  /** The record says that something is given back: it may use the reserve. Default false. */
  readonly freesSpace?: boolean
  /** So many records of the same length must find room after it, on a full disk. Default 0. */
  readonly followers?: number
  /** Nobody else is expected to append in this turn of the event loop: it is written once what runs now has run. Default false. */
  readonly isAlone?: boolean
}

/** A frame with its place. */
interface PlacedFrame {
  readonly frame: OpenFrame
  readonly planned: PlannedSegment
  readonly offset: number
}

interface Waiter {
  readonly sequence: number
  resolve(): void
  reject(error: JournalError): void
}

/**
 * Appends records: those of one turn of the event loop, and those that come while a flush goes on, become one frame, one
 * write and one flush; who appends alone does not wait for the turn's end. Every record has its place in a segment before
 * it is written, so that it is known what fits.
 */
export class Writer {
  readonly #disk: Disk
  readonly #supply: SegmentSupply
  readonly #options: Required<JournalOptions>
  /** Resolves when the disk has failed; never, as long as it has not. */
  readonly failed: Promise<JournalError>
  #tellFailed: (error: JournalError) => void = () => undefined
  #failure: JournalError | undefined

  #sequence: number
  #time: number
  /** The segment that records get their places in, and where the next frame goes. */
  #tail: PlannedSegment
  #tailOffset: number
  /** A frame has its place in it, so that it is closed once that is written. */
  #isTailUsed = false
  #queue: PlacedFrame[] = []
  /** The last of the queue, while it still takes records. */
  #open: PlacedFrame | undefined
  #buffer: Buffer | undefined

  /** The segment that is written into. */
  #current: OpenSegment | undefined
  #isWriting = false
  readonly #writeSoon = () => this.#write()
  #written: number
  #flushed: number
  #durable: number
  #waiters: Waiter[] = []

  /** Written into since the last flush; with `fsync` none. */
  #dirty = new Set<OpenSegment>()
  /** To be closed after the next flush. */
  #finished: OpenSegment[] = []
  #flushing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  constructor(
    disk: Disk,
    supply: SegmentSupply,
    tail: { readonly planned: PlannedSegment; readonly offset: number },
    last: Position,
    options: Required<JournalOptions>,
  ) {
    this.#disk = disk
    this.#supply = supply
    this.#options = options
    this.#tail = tail.planned
    this.#tailOffset = tail.offset
    this.#sequence = last.sequence
    this.#time = last.time
    this.#written = last.sequence
    this.#flushed = last.sequence
    this.#durable = last.sequence
    this.failed = new Promise((resolve) => {
      this.#tellFailed = resolve
    })
  }

  get last(): Position {
    return { sequence: this.#sequence, time: this.#time }
  }

  get durable(): number {
    return this.#durable
  }

  canAppend(recordBytes: number, { freesSpace = false, followers = 0 }: AppendOptions = {}): boolean {
    if (!this.#supply.isFull) return true
    const end = this.#tailOffset + (1 + followers) * frameBytes(recordBytes)
    return end <= this.#limit(freesSpace)
  }

  append(record: Uint8Array, time: number, { freesSpace = false, isAlone = false }: AppendOptions = {}): number {
    if (this.#failure !== undefined) throw this.#failure
    if (record.length > RECORD_BYTES_MAX) throw new RangeError(`a record has at most ${RECORD_BYTES_MAX} bytes`)
    if (!(time >= 0 && time <= U48_MAX)) throw new RangeError(`a record's time is 0 to ${U48_MAX}, not ${time}`)
    if (this.#sequence === U48_MAX) throw new RangeError(`a journal has at most ${U48_MAX} records`)
    const settled = Math.max(this.#time, Math.floor(time))
    this.#place(record, settled, this.#limit(freesSpace))
    this.#sequence++
    this.#time = settled
    if (!this.#isWriting) {
      this.#isWriting = true
      if (isAlone) soon(this.#writeSoon)
      // After every socket that has something to say in this turn of the event loop.
      else setImmediate(this.#writeSoon)
    }
    return this.#sequence
  }

  /** @throws {JournalError} `ERR_MSGQ_JOURNAL_FAILED`. */
  whenDurable(sequence: number = this.#sequence): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (sequence <= this.#durable) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiters.push({ sequence, resolve, reject })
    })
  }

  /** Returns when everything that was appended is on the disk. */
  async flush(): Promise<void> {
    await this.whenDurable()
    if (this.#options.durability !== 'fsync') await this.#flushDirty()
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Flushes and closes every file. @throws {JournalError} The disk has failed; the files are closed. */
  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      clearTimeout(this.#timer)
      await this.#flushing
      await this.#supply.close()
      const [tail] = await Promise.allSettled([this.#tail.ready])
      const last = tail.status === 'fulfilled' ? tail.value : undefined
      // After a failure there are frames that were never written, some in segments of their own.
      const queued = this.#queue.map(({ planned }) => planned.opened)
      const opened = new Set([...this.#finished, this.#current, ...queued, last])
      for (const each of opened) await each?.file.close()
    }
  }

  /** Up to where the present segment may be filled. */
  #limit(freesSpace: boolean): number {
    const isReserveFree = freesSpace || this.#supply.isReady
    return this.#tail.bytes - (isReserveFree ? 0 : this.#options.reserveBytes)
  }

  #place(record: Uint8Array, time: number, limit: number): void {
    const open = this.#open
    const grown = open?.frame.bytesWith(record.length, time)
    if (open !== undefined && grown !== undefined && open.offset + grown <= limit) {
      open.frame.add(record, time)
      this.#tailOffset = open.offset + grown
      return
    }
    const bytes = frameBytes(record.length)
    if (this.#tailOffset + bytes > limit) {
      if (this.#supply.isFull) throw new Error('assertion: appended without canAppend, and the disk is full')
      if (!this.#isTailUsed) this.#supply.passOver(this.#tail)
      this.#isTailUsed = false
      this.#tail = this.#supply.take(SEGMENT_HEADER_BYTES + bytes)
      this.#tailOffset = SEGMENT_HEADER_BYTES
    }
    const frame = new OpenFrame(this.#sequence + 1, time, record.length, this.#buffer)
    this.#buffer = undefined
    frame.add(record, time)
    this.#open = { frame, planned: this.#tail, offset: this.#tailOffset }
    this.#isTailUsed = true
    this.#queue.push(this.#open)
    this.#tailOffset += bytes
  }

  /** Writes what is queued; where a frame has nothing to wait for, at once. Calls itself again after a wait. */
  #write(): void {
    // The supply may have told of a failure before this turn came: a file may be closed by now, and its number another file's.
    if (this.#failure !== undefined) return
    for (let placed = this.#queue.shift(); placed !== undefined; placed = this.#queue.shift()) {
      if (placed === this.#open) this.#open = undefined
      const { opened } = placed.planned
      if (opened === undefined || this.#options.durability === 'fsync') return void this.#writeSlowly(placed)
      try {
        this.#put(placed, opened)
      } catch (error) {
        // It stays "writing": nothing is ever written again.
        return this.fail(error)
      }
      this.#done(placed)
    }
    this.#isWriting = false
  }

  async #writeSlowly(placed: PlacedFrame): Promise<void> {
    try {
      const opened = placed.planned.opened ?? (await placed.planned.ready)
      if (this.#failure !== undefined) return
      this.#put(placed, opened)
      if (this.#options.durability === 'fsync') {
        await opened.file.flush()
        this.#flushed = placed.frame.last
      }
    } catch (error) {
      // It stays "writing": nothing is ever written again.
      return this.fail(error)
    }
    this.#done(placed)
    this.#write()
  }

  #done({ frame }: PlacedFrame): void {
    this.#buffer ??= frame.buffer
    this.#tellDurable(frame.last)
  }

  #put({ frame, offset }: PlacedFrame, opened: OpenSegment): void {
    if (opened !== this.#current) this.#turnTo(opened)
    const { segment, file, salt } = opened
    // On this thread, as Redis does it: the kernel takes it in some 5 µs, and another thread would cost 20.
    writeAllNow(file, frame.seal(salt, this.#flushed), offset)
    if (segment.first === undefined) {
      segment.first = frame.first
      segment.firstTime = frame.firstTime
    }
    this.#written = frame.last
    if (this.#options.durability === 'fsync') return
    this.#dirty.add(opened)
    if (this.#options.durability === 'interval') {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        void this.#flushDirty()
      }, this.#options.intervalMs)
    }
  }

  /** A segment is finished: what is in it is flushed, whatever the durability, so that damage in it can be told from a torn tail. */
  #turnTo(opened: OpenSegment): void {
    if (this.#current !== undefined) this.#finished.push(this.#current)
    this.#current = opened
    void this.#flushDirty()
  }

  /** Never rejects: a failure is told to everybody. */
  #flushDirty(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      if (this.#failure !== undefined) return
      const written = this.#written
      const dirty = [...this.#dirty]
      const finished = this.#finished.splice(0)
      this.#dirty.clear()
      try {
        for (const { file } of dirty) await file.flush()
        this.#flushed = Math.max(this.#flushed, written)
        for (const { file } of finished) await file.close()
      } catch (error) {
        this.fail(error)
      }
    })
    return this.#flushing
  }

  #tellDurable(sequence: number): void {
    this.#durable = sequence
    this.#options.onDurable(sequence)
    if (this.#waiters.length === 0) return
    const done = this.#waiters.filter((waiter) => waiter.sequence <= sequence)
    this.#waiters = this.#waiters.filter((waiter) => waiter.sequence > sequence)
    for (const waiter of done) waiter.resolve()
  }

  /** Final: after a failed flush nobody knows what is on the disk, until it is replayed. */
  fail(cause: unknown): void {
    if (this.#failure !== undefined) return
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `${this.#disk.path}: the disk did not take what was appended (${why}). What it has is replayed at the next start`
    this.#failure = new JournalError('ERR_MSGQ_JOURNAL_FAILED', message, { cause })
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure)
    this.#tellFailed(this.#failure)
  }
}
