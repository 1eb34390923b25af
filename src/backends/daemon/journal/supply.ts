import { type Disk, isFullDisk, NoRoomError } from './disk.ts'
import type { OnNotice } from './errors.ts'
import { makeSegment, type OpenSegment, type Segment } from './segment.ts'

/** After the disk was full: how soon to look whether it still is, whoever asks. */
export const LOOK_AGAIN_MS = 1_000

/** A segment that is there, or being made: records can be given their places in it already. */
export interface PlannedSegment {
  readonly bytes: number
  readonly ready: Promise<OpenSegment>
  /** What `ready` has resolved to. */
  opened: OpenSegment | undefined
}

export interface SupplyOptions {
  readonly segmentBytes: number
  readonly onNotice: OnNotice
  readonly onMade: (segment: Segment) => void
  /** The disk refused for another reason than that it is full. */
  readonly onError: (error: unknown) => void
}

/** Makes the next segment while the present one is being filled, so that its space is there before it is promised. */
export class SegmentSupply {
  readonly #disk: Disk
  readonly #id: Buffer
  readonly #options: SupplyOptions
  readonly #spares: PlannedSegment[]
  #number: number
  #isFull = false
  /** The disk was full just now. */
  #lookAgain: NodeJS.Timeout | undefined
  #passedOver: Promise<unknown> = Promise.resolve()
  #isClosed = false

  /** @param spares Empty segments that are there. @param number Of the next segment to make. */
  constructor(disk: Disk, id: Buffer, spares: readonly OpenSegment[], number: number, options: SupplyOptions) {
    this.#disk = disk
    this.#id = id
    this.#spares = spares.map(planned)
    this.#number = number
    this.#options = options
  }

  /** The next segment is there. */
  get isReady(): boolean {
    return this.#spares[0]?.opened !== undefined
  }

  /** The next segment could not be made: there is the present one alone. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** The next segment, of at least so many bytes; then the one after it is made. */
  take(leastBytes: number): PlannedSegment {
    let next = this.#spares.shift()
    // One that is too small stays behind, empty: segments are in the order of their numbers.
    while (next !== undefined && next.bytes < leastBytes) {
      this.passOver(next)
      next = this.#spares.shift()
    }
    next ??= this.#make(Math.max(leastBytes, this.#options.segmentBytes))
    next.ready.then(
      () => this.begin(),
      () => undefined,
    )
    return next
  }

  /** Nothing will be written into it: its file is let go of as soon as it is there. */
  passOver({ ready }: PlannedSegment): void {
    this.#passedOver = Promise.allSettled([this.#passedOver, ready.then(({ file }) => file.close())])
  }

  /** Has the next segment made, unless it is already, or the disk was full just now: then it is made when there is room again. */
  begin(): void {
    if (this.#isClosed || this.#spares.length > 0 || this.#lookAgain !== undefined) return
    const spare = this.#make(this.#options.segmentBytes)
    this.#spares.push(spare)
    spare.ready.catch((error: unknown) => this.#notMade(spare, error))
  }

  /** Returns when nothing is being made, and closes what was made for later. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#lookAgain)
    const spares = await Promise.allSettled(this.#spares.splice(0).map(({ ready }) => ready))
    for (const spare of spares) if (spare.status === 'fulfilled') await spare.value.file.close()
    await this.#passedOver
  }

  #make(bytes: number): PlannedSegment {
    const number = this.#number++
    const made: PlannedSegment = { bytes, ready: this.#makeFile(number, bytes), opened: undefined }
    made.ready.then(
      (opened) => {
        made.opened = opened
        this.#options.onMade(opened.segment)
        if (this.#isFull) this.#options.onNotice({ kind: 'disk-has-room', message: 'the disk has room again' })
        this.#isFull = false
        // One that was taken while another was refused: whether there is room for the next is looked at at once.
        clearTimeout(this.#lookAgain)
        this.#lookAgain = undefined
      },
      // Whoever waits for it is told by the promise.
      () => undefined,
    )
    return made
  }

  async #makeFile(number: number, bytes: number): Promise<OpenSegment> {
    // Not found out by filling the disk: others need what is left.
    const free = await this.#disk.freeBytes()
    if (free < bytes) throw new NoRoomError(`a segment needs ${bytes} bytes, and ${free} are free`)
    return makeSegment(this.#disk, this.#id, number, bytes)
  }

  #notMade(spare: PlannedSegment, error: unknown): void {
    const index = this.#spares.indexOf(spare)
    // Taken meanwhile: its taker waits for it, and is told.
    if (index < 0) return
    this.#spares.splice(index, 1)
    if (!isFullDisk(error)) return this.#options.onError(error)
    if (!this.#isFull) {
      const message = `${this.#disk.path}: no room for another segment; what frees space is still taken`
      this.#options.onNotice({ kind: 'disk-full', message })
    }
    this.#isFull = true
    this.#lookAgain = setTimeout(() => {
      this.#lookAgain = undefined
      this.begin()
    }, LOOK_AGAIN_MS)
    this.#lookAgain.unref()
  }
}

/** A segment that is there, as a planned one. */
export function planned(opened: OpenSegment): PlannedSegment {
  return { bytes: opened.segment.bytes, ready: Promise.resolve(opened), opened }
}
