import { Replica } from '../../src/backends/jetstream/replica.ts'
import type { LogRecord } from '../../src/backends/jetstream/replicated-log.ts'
import type { Engine, Entry } from '../../src/engine/index.ts'
import type { Account } from './account.ts'
import { assertRestores, assertSound, presentIn } from './journal-watch.ts'
import type { LogKeeper } from './log-keeper.ts'
import { textOf } from './programs.ts'

/** Replicas compare after every so many records, which all of them apply. */
const COMPARE_EVERY = 8
/** Every so many looks a checkpoint is restored. */
const RESTORE_EVERY = 32
/** The more messages there are, the rarer they are counted: as many steps more as they are more than this. */
const MESSAGES_A_STEP = 8
/** Hashes that are remembered: nobody is so far behind without an image. */
const HASHES_MAX = 50_000

/**
 * Looks at all replicas of a log: each has at every place what a replica has that read the log from its beginning; and what that
 * one has is what programs were told.
 */
export class ClusterWatch {
  readonly #account: Account
  readonly #shadow = new Replica({
    own: () => undefined,
    applied: () => undefined,
    ended: () => undefined,
    checkPoint: () => undefined,
    checked: () => undefined,
    imaged: () => undefined,
  })
  readonly #hashes = new Map<number, string>()
  #watched: Engine | undefined
  #hasChanged = false
  #nextCount = 0
  looks = 0

  constructor(account: Account, keeper: LogKeeper) {
    this.#account = account
    keeper.onRecord = (record) => this.#recorded(record)
  }

  /** Looks on from here. @returns What ends that. */
  begin(): () => void {
    const watch = this
    const { apply } = Replica.prototype
    Replica.prototype.apply = function (record) {
      apply.call(this, record)
      if (this !== watch.#shadow) watch.#applied(this)
    }
    return () => {
      Replica.prototype.apply = apply
    }
  }

  /** @throws what does not hold. */
  look(): void {
    const { engine } = this.#shadow
    if (!this.#hasChanged || engine === undefined) return
    this.#hasChanged = false
    this.looks++
    if (this.looks < this.#nextCount) return
    assertSound(engine)
    this.#account.check(presentIn(engine))
    this.#nextCount = this.looks + 1 + Math.floor(engine.namespace.messageCount / MESSAGES_A_STEP)
    if (this.looks % RESTORE_EVERY === 0) assertRestores(engine)
  }

  get sequence(): number {
    return this.#shadow.sequence
  }

  #recorded(record: LogRecord): void {
    this.#shadow.apply(record)
    this.#hasChanged = true
    const { engine, sequence } = this.#shadow
    if (engine !== undefined && this.#watched === undefined) this.#hearEntries(engine)
    if (sequence % COMPARE_EVERY !== 0) return
    this.#hashes.set(sequence, this.#shadow.hash())
    this.#hashes.delete(sequence - HASHES_MAX)
  }

  #applied(replica: Replica): void {
    const { sequence, engine } = replica
    if (sequence % COMPARE_EVERY !== 0) return
    const hash = this.#hashes.get(sequence)
    if (hash === undefined) throw new Error(`a replica has record ${sequence}, and the log has it not`)
    if (replica.hash() !== hash) throw new Error(`after record ${sequence} a replica is not what the log leads to`)
    if (engine !== undefined) assertSound(engine)
  }

  /** The engine of the one that reads all tells of entries before it applies them. */
  #hearEntries(engine: Engine): void {
    this.#watched = engine
    const apply = engine.apply.bind(engine)
    engine.apply = (entry) => {
      this.#before(engine, entry)
      return apply(entry)
    }
  }

  #before({ namespace }: Engine, { ticket, call }: Entry): void {
    for (const { queue, sequence, receive } of namespace.held.values()) {
      const address = queue.messages.withSequence(sequence)
      if (address === undefined) continue
      const text = () => textOf(queue.messages.read(address).mtext)
      const isNamed =
        'receive' in call && call.receive.session === receive.session && call.receive.number === receive.number
      if (call.name === 'accept' && isNamed && ticket.session === receive.session) this.#account.taking(text())
      const isShown =
        call.name === 'expireSession' ? call.session === receive.session : call.name === 'refuse' && isNamed
      // A message is given out once its accept is in the log: whoever has one, nobody else gets it.
      if (isShown) this.#account.shownAgain(text(), false)
    }
  }
}
