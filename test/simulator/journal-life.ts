import { deepEqual, equal, fail, ok } from 'node:assert/strict'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import {
  type Durability,
  Journal,
  JournalError,
  type JournalOptions,
  type JournalRecord,
  type Recovery,
} from '../../src/backends/daemon/journal/index.ts'
import { Random } from '../oracle/random.ts'
import { SimulatedDisk, Stopped } from './disk.ts'

const DURABILITIES: readonly Durability[] = ['fsync', 'fsync', 'interval', 'none']
/** Never: what its timer does, `flush` does here. */
const INTERVAL_MS = 2 ** 31 - 1
/** Between two actions: a full disk is looked at again after some of them. */
const ACTION_MS = 400
/** A process that is not stopped earlier is stopped when it has done so much. */
const ACTIONS_MAX = 12

/** Processes that use one journal, one after the other. */
const PROCESSES = 12

/** How often what happened, to see that everything does. */
type Covered = Map<string, number>

/** Runs lives, of this seed and those after it. @throws What is wrong, with the command that repeats it. */
export async function runJournals(seed: number, lives: number): Promise<ReadonlyMap<string, number>> {
  const covered: Covered = new Map()
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    for (let life = 0; life < lives; life++) await runJournal((seed + life) >>> 0, covered)
  } finally {
    mock.timers.reset()
  }
  return covered
}

async function runJournal(seed: number, covered: Covered): Promise<void> {
  try {
    await new JournalLife(seed, covered).run()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${why}\nto repeat: npm run sim -- --of journal --seed ${seed} --lives 1`, { cause })
  }
}

/**
 * One journal, and the processes that use it, one after the other: each brings its state back, is held against the model, appends,
 * writes images, looks back, and ends: in order, killed, with the power cut, or by a disk that fails.
 */
class JournalLife {
  readonly #random: Random
  readonly #disk: SimulatedDisk
  readonly #options: JournalOptions
  readonly #covered: Covered
  /** Every record that was appended and not lost since, and what they lead to: a CRC of all up to each. */
  readonly #records: { readonly bytes: Uint8Array; readonly time: number; readonly state: number }[] = []
  #time = 1_000
  /** The last record that the journal said to be durable, in the words of its durability. */
  #durable = 0
  /** The last record that is on the disk. */
  #flushed = 0

  constructor(seed: number, covered: Covered) {
    this.#random = new Random(seed)
    this.#covered = covered
    const random = this.#random
    this.#disk = new SimulatedDisk(random)
    const retain = random.pick([{}, { ms: 200, bytes: 100_000 }, { ms: 1_000_000, bytes: 1_000_000 }])
    const segmentBytes = random.pick([8_192, 16_384, 65_536])
    const durability = random.pick(DURABILITIES)
    this.#options = { durability, intervalMs: INTERVAL_MS, segmentBytes, retain }
    if (random.chance(30)) this.#disk.faults = { shortWrites: 50, failedFlushes: 0 }
    if (random.chance(20)) this.#disk.faults = { shortWrites: 20, failedFlushes: 30 }
    if (random.chance(20)) this.#disk.capacity = segmentBytes * random.between(2, 8)
    this.#count(durability)
  }

  /** Lets processes come and go. @throws What is wrong. */
  async run(): Promise<void> {
    for (let process = 0; process < PROCESSES; process++) {
      if (this.#random.chance(90)) this.#disk.operationsLeft = this.#random.below(this.#random.pick([20, 60, 200]))
      await this.#process()
      this.#end()
    }
  }

  /** The durability of the end: a kill leaves what the kernel has, a power cut what is on the disk. */
  #end(): void {
    if (this.#random.chance(50)) {
      this.#count('power cut')
      this.#disk.cutPower()
      // A failed flush takes nothing from the disk, and says nothing of what is on it.
      this.#durable = this.#options.durability === 'fsync' ? this.#durable : this.#flushed
    } else {
      this.#count('killed')
      this.#disk.kill()
    }
  }

  async #process(): Promise<void> {
    let journal: Journal | undefined
    try {
      journal = await Journal.open(this.#disk.process(), {
        ...this.#options,
        onDurable: (sequence) => {
          this.#durable = sequence
          if (this.#options.durability === 'fsync') this.#flushed = sequence
        },
        onNotice: ({ kind }) => this.#count(kind),
      })
      await this.#recover(journal)
      for (let action = this.#random.below(ACTIONS_MAX); action >= 0; action--) await this.#act(journal)
      if (this.#random.chance(30)) await this.#close(journal)
    } catch (error) {
      this.#expected(error)
    } finally {
      await journal?.close().catch((error: unknown) => this.#expected(error))
    }
  }

  #expected(error: unknown): void {
    const cause = error instanceof JournalError && error.code === 'ERR_MSGQ_JOURNAL_FAILED' ? error.cause : error
    if (cause instanceof Stopped) return this.#count('stopped')
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'EIO') return this.#count('failed flush')
    // A disk that is full at the start, or before there was time to see it.
    if (code !== 'ENOSPC') throw error
    this.#count('no room')
    if (this.#random.chance(50)) this.#disk.capacity += this.#options.segmentBytes ?? 0
  }

  async #recover(journal: Journal): Promise<void> {
    const { image } = journal.recovery
    if (image !== undefined) this.#count('image used')
    const last = await this.#checkRecovery(journal.recovery)
    ok(last >= this.#durable, `record ${this.#durable} was durable, and ${last} is the last`)
    ok(last <= this.#records.length, `${last} records, and ${this.#records.length} were appended`)
    deepEqual(journal.last.sequence, last)
    if (last < this.#records.length) this.#count('lost, not durable')
    if (last > this.#durable) this.#count('kept, not durable')
    this.#records.length = last
    this.#durable = last
    this.#flushed = last
  }

  /** @returns The last record. */
  async #checkRecovery({ image, records }: Recovery): Promise<number> {
    let last = image?.sequence ?? 0
    for await (const chunk of image?.chunks() ?? []) equal(Buffer.from(chunk).readUInt32LE(), this.#stateAfter(last))
    for await (const list of records) last = this.#checkRecords(list, last + 1)
    return last
  }

  #checkRecords(list: readonly JournalRecord[], first: number): number {
    ok(list.length > 0)
    for (const [index, { sequence, time, bytes }] of list.entries()) {
      equal(sequence, first + index)
      const appended = this.#records[sequence - 1]
      if (appended === undefined) fail(`record ${sequence} was invented`)
      ok(Buffer.from(bytes).equals(appended.bytes), `record ${sequence} has other bytes`)
      equal(time, appended.time)
    }
    return first + list.length - 1
  }

  async #act(journal: Journal): Promise<void> {
    mock.timers.tick(ACTION_MS)
    const action = this.#random.weighted({ append: 12, wait: 5, turn: 3, image: 3, flush: 2, history: 1, past: 1 })
    if (action === 'append') return this.#append(journal)
    if (action === 'wait') return journal.whenDurable()
    if (action === 'turn') return turn()
    if (action === 'image') return this.#image(journal)
    if (action === 'history') return this.#history(journal)
    if (action === 'past') return this.#past(journal)
    await journal.flush()
    this.#flushed = journal.last.sequence
  }

  #append(journal: Journal): void {
    for (let left = this.#random.between(1, 20); left > 0; left--) {
      const bytes = this.#payload()
      const freesSpace = this.#random.chance(20)
      if (!journal.canAppend(bytes.length, { freesSpace })) {
        this.#count('refused')
        continue
      }
      if (this.#random.chance(30)) this.#time += this.#random.below(100)
      const sequence = journal.append(bytes, this.#time, { freesSpace })
      equal(sequence, this.#records.length + 1)
      this.#records.push({ bytes, time: this.#time, state: crc32(bytes, this.#stateAfter(sequence - 1)) })
    }
  }

  async #image(journal: Journal): Promise<void> {
    const covered = journal.last
    if (covered.sequence === 0) return
    const state = Buffer.alloc(this.#random.between(4, 2_000))
    state.writeUInt32LE(this.#stateAfter(covered.sequence))
    const written = journal.writeImage([state], covered).then(() => {
      this.#count('image written')
      this.#flushed = Math.max(this.#flushed, covered.sequence)
    })
    written.catch(() => undefined)
    if (this.#random.chance(50)) await written
  }

  async #history(journal: Journal): Promise<void> {
    const durable = journal.durable
    let next: number | undefined
    for await (const list of journal.history()) next = 1 + this.#checkRecords(list, next ?? list[0]?.sequence ?? 0)
    equal((next ?? durable + 1) - 1, durable)
    this.#count('history')
  }

  async #past(journal: Journal): Promise<void> {
    const time = this.#time - this.#random.below(300)
    const durable = journal.durable
    const oldest = journal.oldestInstant
    using past = await journal.at(time)
    if (past === undefined) return ok(oldest !== undefined && time < oldest)
    const last = await this.#checkRecovery(past)
    const after = this.#records.slice(0, durable).findIndex((record) => record.time > time)
    equal(last, after === -1 ? durable : after)
    this.#count('past')
  }

  async #close(journal: Journal): Promise<void> {
    await journal.close()
    this.#flushed = this.#records.length
    this.#durable = this.#records.length
    this.#count('closed')
  }

  #payload(): Uint8Array {
    const length = this.#random.pick([0, 1, 40, 100, 100, 200, 200, 500, 3_000])
    const bytes = Buffer.alloc(this.#random.chance(1) ? 20_000 : length, this.#random.pick([0, 1, 0xff, 0x5a]))
    if (length >= 4) bytes.writeUInt32LE(this.#random.next(), 0)
    return bytes
  }

  #stateAfter(sequence: number): number {
    return this.#records[sequence - 1]?.state ?? 0
  }

  #count(what: string): void {
    this.#covered.set(what, (this.#covered.get(what) ?? 0) + 1)
  }
}
