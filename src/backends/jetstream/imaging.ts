import { createHash } from 'node:crypto'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { BackendError } from '../../contract/index.ts'
import { Checks, type Verdict } from './checks.ts'
import { CHECK, encodeRecord, IMAGE, type LogMessage } from './record.ts'
import type { Replica } from './replica.ts'
import type { KeptBytes, LogImage, LogRecord, ReplicatedLog } from './replicated-log.ts'

/** So many bytes of records are applied in about a second. */
const IMAGE_EVERY_BYTES = 64 * 1024 * 1024
/** A replica that is so little behind needs no image. */
const TRIM_MARGIN_RECORDS = 1024
/** States that are being hashed, each a little memory of its own: a replica that is slower leaves check points out. */
const UNDER_WAY_MAX = 2
const HASH_BYTES = 32
const RETRY_MS = 100
export interface ImagingOptions {
  /** After so many bytes of records an image is made. Default 64 MiB. */
  readonly imageEveryBytes?: number
  /** Records before an image that stay in the log, 1 or more. Default 1024. */
  readonly trimMarginRecords?: number
}

/** What an `Imaging` knows of its node. */
export interface ImagedNode {
  readonly session: number
  stored(record: LogRecord): void
  failed(error: BackendError): void
}

interface CheckPoint {
  readonly sequence: number
  /** Bytes of all records up to it. */
  readonly loggedBytes: number
  /** Its bytes are to be kept. */
  readonly isDue: boolean
}

/** An image that is kept and not chosen yet. */
interface Written {
  readonly image: LogImage
  /** Bytes of all records up to it. */
  readonly loggedBytes: number
}

/**
 * Has replicas compare what they have, and images made of it. At a check point each replica takes its state as it is
 * and hashes it piece by piece while it goes on; what it got goes into the log. One of them, which the log decides,
 * keeps the bytes; once more than half have the same, they are chosen as the image, and the log before is trimmed.
 */
export class Imaging {
  readonly #log: ReplicatedLog
  readonly #replica: Replica
  readonly #node: ImagedNode
  readonly #options: Required<ImagingOptions>
  readonly #checks: Checks
  readonly #written = new Map<number, Written>()
  #line: Promise<void> = Promise.resolve()
  #underWay = 0
  #imagedBytes = 0
  #imaged = 0
  #agreed = 0
  #isClosed = false

  constructor(log: ReplicatedLog, replica: Replica, node: ImagedNode, options: ImagingOptions) {
    this.#log = log
    this.#replica = replica
    this.#node = node
    const { imageEveryBytes = IMAGE_EVERY_BYTES, trimMarginRecords = TRIM_MARGIN_RECORDS } = options
    this.#options = { imageEveryBytes, trimMarginRecords }
    this.#checks = new Checks((verdict) => this.#decided(verdict))
  }

  /** The last check point at which the replicas had the same, and the record of the last image; 0 before the first. */
  get points(): { readonly agreed: number; readonly imaged: number } {
    return { agreed: this.#agreed, imaged: this.#imaged }
  }

  /** Replicas that read what was before they came compare nothing. */
  checkPoint(): void {
    const { sequence, sessions, loggedBytes } = this.#replica
    const { session } = this.#node
    if (!sessions.has(session) || this.#isClosed || this.#underWay >= UNDER_WAY_MAX) return
    this.#checks.begin(sequence, sessions.keys())
    // Where the first does not do it the next one does, when it has become urgent.
    const place = [...sessions.keys()].sort((a, b) => a - b).indexOf(session)
    const isDue = loggedBytes - this.#imagedBytes >= this.#options.imageEveryBytes * (place + 1)
    const pieces = this.#replica.save()
    this.#underWay++
    this.#line = this.#line.then(() => this.#examine({ sequence, loggedBytes, isDue }, pieces))
  }

  checked({ session, number, body }: LogMessage): void {
    if (body.length === HASH_BYTES) this.#checks.reported(number, session, Buffer.from(body).toString('hex'))
  }

  imaged({ number, body }: LogMessage): void {
    if (body.length !== 8 || number <= this.#imaged) return
    this.#imaged = number
    this.#imagedBytes = new DataView(body.buffer, body.byteOffset).getFloat64(0, true)
  }

  ended(session: number): void {
    this.#checks.ended(session)
  }

  /** Loads the image that is chosen. @returns Whether it was ahead of the replica. @throws {BackendError} it is not whole. */
  async load(): Promise<boolean> {
    const { image } = await this.#log.images.chosen()
    if (image === undefined || image.sequence <= this.#replica.sequence) return false
    await this.#load(image)
    return true
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#line
  }

  async #load(image: LogImage): Promise<void> {
    const hash = createHash('sha256')
    const { images } = this.#log
    const pieces = async function* () {
      for await (const piece of images.read(image)) {
        hash.update(piece)
        yield piece
      }
      if (hash.digest('hex') !== image.hash) throw damaged(image)
    }
    await this.#replica.load(pieces())
    this.#checks.clear()
    this.#imaged = image.sequence
    this.#imagedBytes = this.#replica.loggedBytes
  }

  /** Never rejects. */
  async #examine({ sequence, loggedBytes, isDue }: CheckPoint, pieces: Iterable<Uint8Array>): Promise<void> {
    const hash = createHash('sha256')
    const iterator = pieces[Symbol.iterator]()
    let sizeBytes = 0
    const hashed = async function* () {
      for (let next = iterator.next(); !next.done; next = iterator.next()) {
        hash.update(next.value)
        sizeBytes += next.value.length
        yield next.value
        await setImmediate()
      }
    }
    const kept = isDue ? await this.#write(sequence, hashed()) : undefined
    for await (const _ of hashed()) if (this.#isClosed) break
    this.#underWay--
    if (this.#isClosed) return
    const digest = hash.digest()
    const own = digest.toString('hex')
    if (kept !== undefined) {
      // Of those that were never chosen a later choice discards the bytes.
      this.#written.clear()
      this.#written.set(sequence, { image: { ...kept, sequence, hash: own, sizeBytes, time: Date.now() }, loggedBytes })
      this.#imagedBytes = loggedBytes
    }
    await this.#append(CHECK, sequence, digest)
    this.#checks.own(sequence, own)
  }

  /** @returns `undefined` where it is not kept. */
  async #write(sequence: number, pieces: AsyncIterable<Uint8Array>): Promise<KeptBytes | undefined> {
    try {
      return await this.#log.images.write(sequence, pieces)
    } catch {
      // The next check point is another occasion, for this replica or another.
      return undefined
    }
  }

  #decided(verdict: Verdict): void {
    const { sequence } = verdict
    const written = this.#written.get(sequence)
    this.#written.delete(sequence)
    if (!verdict.agrees) return this.#node.failed(diverged(verdict, this.#agreed))
    this.#agreed = sequence
    if (written !== undefined) this.#line = this.#line.then(() => this.#choose(written))
  }

  /** Never rejects: what fails is done by the next image. */
  async #choose({ image, loggedBytes }: Written): Promise<void> {
    try {
      const { images } = this.#log
      const before = await images.chosen()
      if (isOvertaken(image, before.image) || !(await images.choose(image, before.revision))) return
      const body = new Uint8Array(8)
      new DataView(body.buffer).setFloat64(0, loggedBytes, true)
      await this.#append(IMAGE, image.sequence, body)
      await this.#log.trim(Math.max(1, image.sequence + 1 - this.#options.trimMarginRecords))
      // Who has just begun to read the one before reads it to its end.
      if (before.image !== undefined) await images.discardBefore(before.image)
    } catch {
      return
    }
  }

  async #append(kind: number, sequence: number, body: Uint8Array): Promise<void> {
    const { session } = this.#node
    const bytes = encodeRecord({ kind, goesOn: false, session, number: sequence, body })
    while (!this.#isClosed) {
      try {
        const stored = await this.#log.append(bytes, `${kind}.${session}.${sequence}`)
        return this.#node.stored({ sequence: stored, bytes })
      } catch {
        await setTimeout(RETRY_MS, undefined, { ref: false })
      }
    }
  }
}

/** By one of a later record; or by one that was begun later, for then what was begun before it may have lost its bytes. */
function isOvertaken(image: LogImage, by: LogImage | undefined): boolean {
  return by !== undefined && (by.sequence >= image.sequence || by.start > image.start)
}

function damaged({ sequence }: LogImage): BackendError {
  return new BackendError('ERR_MSGQ_UNAVAILABLE', `the image of record ${sequence} is not what was written`)
}

function diverged({ sequence, own, others }: Extract<Verdict, { agrees: false }>, agreed: number): BackendError {
  const where = `after record ${agreed}, where they were the same, and up to record ${sequence}`
  const what = `this replica has ${own.slice(0, 16)} and others have ${others.map((hash) => hash.slice(0, 16)).join(', ')}`
  return new BackendError('ERR_MSGQ_DIVERGED', `replicas differ ${where}: ${what}; this one stops`)
}
