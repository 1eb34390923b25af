import { BackendError } from '../../contract/index.ts'

/**
 * A reading counts once a second one agrees with it. A queue that is in use all the time never stands still; a quiet
 * moment among this many readings of it is what programs that wait for messages leave.
 */
export const CHECKPOINT_TRIES_MAX = 128

/**
 * What was read, and the stretch of time over which it is proved to have stood: from the end of the first of the
 * readings that agree to the start of the last. A message's index never grows, and a message that is gone does not
 * come back; so messages that differ, each twice at the same index, were all there in between, and nothing before or
 * between them. What is sent after the last of them, and taken again before the next reading, no reading sees.
 */
export interface Reading<Value> {
  readonly value: Value
  /** Moments of the collection's own clock. */
  readonly since: number
  readonly until: number
}

/** A subject, whatever its readings hold. */
export interface Looked {
  readonly reading: Reading<unknown> | undefined
  look(): Promise<boolean>
}

/** What the subjects of one checkpoint share. */
export interface Collection {
  /** Its clock: each moment is later than the one before. */
  tick(): number
  readonly onRetry: (() => void) | undefined
}

/** Something of the namespace that is read until it stands still. */
export class Subject<Value> implements Looked {
  readonly #name: string
  readonly #collection: Collection
  readonly #read: (known: Value | undefined) => Promise<Value | undefined>
  #reading: Reading<Value> | undefined
  #tries = 0

  /** @param read Returns `known` itself when that is what it reads; `undefined` when it changed meanwhile. */
  constructor(name: string, collection: Collection, read: (known: Value | undefined) => Promise<Value | undefined>) {
    this.#name = name
    this.#collection = collection
    this.#read = read
  }

  /** The last reading; before the first has succeeded, and after one that failed, there is none. */
  get reading(): Reading<Value> | undefined {
    return this.#reading
  }

  /** Reads it once. @returns Whether it is what it was. @throws {BackendError} `ERR_MSGQ_TORN` it never is. */
  async look(): Promise<boolean> {
    const known = this.#reading
    const start = this.#collection.tick()
    const value = await this.#read(known?.value)
    if (value !== undefined && value === known?.value) {
      this.#reading = { ...known, until: start }
      return true
    }
    if (this.#tries === CHECKPOINT_TRIES_MAX) {
      const why = `${this.#name} changed during each of ${CHECKPOINT_TRIES_MAX} tries`
      throw new BackendError('ERR_MSGQ_TORN', `${why}: stop the programs that use it, or try again`)
    }
    if (this.#tries++ > 0) this.#collection.onRetry?.()
    const since = this.#collection.tick()
    this.#reading = value === undefined ? undefined : { value, since, until: Number.NEGATIVE_INFINITY }
    return false
  }
}
