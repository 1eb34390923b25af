import { setTimeout } from 'node:timers/promises'
import { BackendError } from '../../contract/index.ts'
import type { LogRecord, ReplicatedLog } from './replicated-log.ts'

const RETRY_MS = 50
/** A record that was announced may come to the server that we read from a little later: it is looked for again, less and less often. */
const LOOK_AGAIN_MS = 2
const LOOK_AGAIN_MS_MOST = 32
const LOOKS_AGAIN_MAX = 10
/** A record that is not there is looked for so often, with a pause between. */
const GAPS_MAX = 20
const GAP_MS = 250

/** Who applies what a `Follower` reads. */
export interface Following {
  /** The record applied last. */
  readonly sequence: number
  /** Nothing more is to be applied. */
  readonly isOver: boolean
  apply(record: LogRecord): void
  /** The log seems to begin at a later record than the one that is next. @returns Whether an image was ahead. */
  fallenBehind(): Promise<boolean>
  failed(error: BackendError): void
}

/**
 * Brings the records of a log to a replica, in order; its own ones without reading them, where nothing is before them. It
 * reads for as long as something is known to be there that it has not applied: a node under load that read on until
 * nothing came would read all of its own records for ever, and the servers would send them for nothing.
 */
export class Follower {
  readonly #log: ReplicatedLog
  readonly #of: Following
  readonly #own = new Map<number, Uint8Array>()
  #following: Promise<void> | undefined
  /** Others have said that the log goes up to this one. */
  #known = 0
  /** Something may be there: it is read until nothing comes. */
  #looks = false
  #lastLook = 0
  /** An image is being loaded. */
  #isJumping = false
  #gaps = 0

  constructor(log: ReplicatedLog, of: Following) {
    this.#log = log
    this.#of = of
  }

  /** Resolves when nothing is being read. */
  get idle(): Promise<void> {
    return this.#following ?? Promise.resolve()
  }

  /** A record of this node's own is in the log. */
  stored({ sequence, bytes }: LogRecord): void {
    if (sequence > this.#of.sequence) this.#own.set(sequence, bytes)
    this.#log.announce(sequence)
    // What was never announced is before it, or comes later.
    this.#looks = false
    // While an image comes, what it brings is not known.
    if (!this.#isJumping) this.#applyOwn()
    this.#follow()
  }

  /** Others have a record in the log. */
  grown(sequence: number): void {
    this.#known = Math.max(this.#known, sequence)
    this.#follow()
  }

  /** Looks for records that were never announced, unless others come anyhow: what is before those is found with them. */
  look(): void {
    this.#looks = this.#of.sequence === this.#lastLook
    this.#lastLook = this.#of.sequence
    this.#follow()
  }

  /** Applies all that is there. @throws nobody answers. */
  async readAll(): Promise<void> {
    while (!this.#of.isOver && (await this.#read()));
  }

  get #isBehind(): boolean {
    return this.#own.size > 0 || this.#known > this.#of.sequence
  }

  #follow(): void {
    if (this.#of.isOver || (!this.#isBehind && !this.#looks)) return
    this.#following ??= this.#followAll().finally(() => {
      this.#following = undefined
    })
  }

  /** Applies what one reading brings. @returns Whether it brought anything. */
  async #read(): Promise<boolean> {
    const records = await this.#log.read(this.#of.sequence + 1)
    for (const record of records) {
      if (this.#of.isOver) return true
      if (record.sequence <= this.#of.sequence) continue
      if (record.sequence !== this.#of.sequence + 1) {
        await this.#jump(record.sequence)
        break
      }
      this.#own.delete(record.sequence)
      this.#gaps = 0
      this.#of.apply(record)
    }
    this.#applyOwn()
    return records.length > 0
  }

  /** The log begins only at a later record: an image brings what was before. */
  async #jump(first: number): Promise<void> {
    this.#isJumping = true
    try {
      if (await this.#of.fallenBehind()) this.#gaps = 0
      else await this.#gap(first)
    } finally {
      this.#isJumping = false
    }
    for (const own of this.#own.keys()) if (own <= this.#of.sequence) this.#own.delete(own)
  }

  /** A server that is only just coming back may have no more yet, or not know the choice of an image. */
  async #gap(first: number): Promise<void> {
    if (++this.#gaps >= GAPS_MAX) {
      const what = `the log begins at record ${first}, this replica needs ${this.#of.sequence + 1}, and no image has it`
      throw new BackendError('ERR_MSGQ_UNAVAILABLE', what)
    }
    await setTimeout(GAP_MS)
  }

  /** Applies what we wrote where nothing of others is before it. */
  #applyOwn(): void {
    while (!this.#of.isOver) {
      const sequence = this.#of.sequence + 1
      const bytes = this.#own.get(sequence)
      if (bytes === undefined) return
      this.#own.delete(sequence)
      this.#of.apply({ sequence, bytes })
    }
  }

  async #followAll(): Promise<void> {
    while (!this.#of.isOver && (this.#isBehind || this.#looks)) {
      try {
        await this.#readOn()
      } catch (error) {
        if (error instanceof BackendError) return this.#of.failed(error)
        await setTimeout(RETRY_MS)
      }
    }
  }

  /** Reads while it brings something and more is there, and looks again for what was announced. */
  async #readOn(): Promise<void> {
    let againMs = LOOK_AGAIN_MS
    for (let times = 0; times < LOOKS_AGAIN_MAX; times++) {
      while (await this.#read()) if (this.#of.isOver || !(this.#isBehind || this.#looks)) return
      this.#looks = false
      if (!this.#isBehind) return
      await setTimeout(againMs)
      againMs = Math.min(2 * againMs, LOOK_AGAIN_MS_MOST)
    }
    // It was announced, and is not there: of our own records that is certain, of those of others it need not be true.
    this.#known = this.#of.sequence
  }
}
