import { setTimeout } from 'node:timers/promises'
import { BackendError } from '../../contract/index.ts'
import type { LogRecord, ReplicatedLog } from './replicated-log.ts'

const RETRY_MS = 50
/** A record that was announced may come to the server that we read from a little later. */
const LOOK_AGAIN_MS = 2
const LOOKS_AGAIN_MAX = 5
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

/** Brings the records of a log to a replica, in order; its own ones without reading them, where nothing is before them. */
export class Follower {
  readonly #log: ReplicatedLog
  readonly #of: Following
  readonly #own = new Map<number, Uint8Array>()
  #following: Promise<void> | undefined
  #grown = false
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
    this.#log.announce()
    if (this.#following === undefined && this.#applyOwn()) return
    this.follow()
  }

  /** Reads what has come. */
  follow(): void {
    this.#grown = true
    this.#following ??= this.#followAll().finally(() => {
      this.#following = undefined
    })
  }

  /** Applies all that is there. @throws nobody answers. */
  async readAll(): Promise<void> {
    while (!this.#of.isOver) {
      this.#applyOwn()
      const records = await this.#log.read(this.#of.sequence + 1)
      if (records.length === 0) return
      for (const record of records) {
        if (record.sequence <= this.#of.sequence) continue
        if (record.sequence !== this.#of.sequence + 1) {
          if (await this.#of.fallenBehind()) this.#gaps = 0
          else await this.#gap(record.sequence)
          for (const own of this.#own.keys()) if (own <= this.#of.sequence) this.#own.delete(own)
          break
        }
        this.#own.delete(record.sequence)
        this.#gaps = 0
        this.#of.apply(record)
        if (this.#of.isOver) return
      }
    }
  }

  /** A server that is only just coming back may have no more yet, or not know the choice of an image. */
  async #gap(first: number): Promise<void> {
    if (++this.#gaps >= GAPS_MAX) {
      const what = `the log begins at record ${first}, this replica needs ${this.#of.sequence + 1}, and no image has it`
      throw new BackendError('ERR_MSGQ_UNAVAILABLE', what)
    }
    await setTimeout(GAP_MS)
  }

  /** Applies what we wrote where nothing of others is before it. @returns Whether that was all. */
  #applyOwn(): boolean {
    for (;;) {
      const sequence = this.#of.sequence + 1
      const bytes = this.#own.get(sequence)
      if (bytes === undefined) return this.#own.size === 0
      this.#own.delete(sequence)
      this.#of.apply({ sequence, bytes })
      if (this.#of.isOver) return true
    }
  }

  async #followAll(): Promise<void> {
    while (this.#grown && !this.#of.isOver) {
      this.#grown = false
      try {
        for (let looks = 0; looks < LOOKS_AGAIN_MAX; looks++) {
          const before = this.#of.sequence
          await this.readAll()
          const isBehind = this.#own.size > 0
          if (!isBehind && this.#of.sequence > before) break
          await setTimeout(LOOK_AGAIN_MS)
        }
        if (this.#own.size > 0) this.#grown = true
      } catch (error) {
        if (error instanceof BackendError) return this.#of.failed(error)
        await setTimeout(RETRY_MS)
        this.#grown = true
      }
    }
  }
}
