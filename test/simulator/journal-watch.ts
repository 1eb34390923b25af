import { serialize } from 'node:v8'
import { ALL_CAPABILITIES } from '../../src/abi/index.ts'
import { Journal } from '../../src/backends/daemon/journal/index.ts'
import { JournalledEngine } from '../../src/backends/daemon/journalled-engine.ts'
import { brokenInvariants, type Caller, Engine, type Entry, loadState, saveState } from '../../src/engine/index.ts'
import {
  ByteWriter,
  checkpointParts,
  decodeEntry,
  decodeState,
  encodeState,
  queueChunks,
} from '../../src/wire/index.ts'
import type { Account, Present } from './account.ts'
import { textOf } from './programs.ts'

export const ROOT: Caller = { pid: 0, tid: 0, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }

/** After so many durable records the state from which others are brought back is made anew. */
const BASE_EVERY = 256
/**
 * All is looked at after every step as long as that takes some 100 µs; larger states, of sessions with hundreds of answers
 * mostly, after so many more steps as they have more of these bytes, or messages.
 */
const BYTES_A_STEP = 8_192
const MESSAGES_A_STEP = 16
const RESTORE_EVERY = 8

/** Hears of entries before they are applied, and of those for which a full disk had no room. */
interface Hears {
  before(engine: Engine, entry: Entry): void
  refused(entry: Entry): void
}

/**
 * Looks at the engine of a daemon, over all the daemon's lives: its invariants hold, it is what its log leads to, it comes back
 * as it was, and what it has is what programs were told.
 */
export class JournalWatch {
  readonly #account: Account
  readonly #hears: Hears
  #live: JournalledEngine | undefined
  /** What all appended records lead to; and those up to one that is durable, with the records after it. */
  #shadow: Engine | undefined
  #base: Engine | undefined
  #baseSequence = 0
  #records: Uint8Array[] = []
  #durable = 0
  #hasChanged = false
  #looks = 0
  #compared = 0
  #nextComparison = 0
  #nextCount = 0
  readonly #tickets = new Set<string>()
  #asked = 0
  /** Calls that came again: their answers were lost, or they came twice. */
  repeated = 0
  /** Times that a namespace was brought back. */
  recoveries = 0

  constructor(account: Account, hears: Hears) {
    this.#account = account
    this.#hears = hears
  }

  /** The last record that was appended. */
  get last(): number {
    return this.#baseSequence + this.#records.length
  }

  get looks(): number {
    return this.#looks
  }

  /** Looks at which the log's state was made and compared. */
  get compared(): number {
    return this.#compared
  }

  get engine(): Engine | undefined {
    return this.#live?.engine
  }

  /** Looks on from here. @returns What ends that. */
  begin(): () => void {
    const watch = this
    const { append } = Journal.prototype
    const { apply } = JournalledEngine.prototype
    const { open } = JournalledEngine
    Journal.prototype.append = function (record, time, options) {
      const sequence = append.call(this, record, time, options)
      watch.#appended(sequence, record)
      return sequence
    }
    JournalledEngine.prototype.apply = function (entry) {
      watch.#hears.before(this.engine, entry)
      watch.#countRepeated(entry)
      watch.#hasChanged = true
      const isApplied = apply.call(this, entry)
      if (!isApplied) watch.#hears.refused(entry)
      return isApplied
    }
    JournalledEngine.open = async (disk, options) => {
      const opened = await open.call(JournalledEngine, disk, options)
      watch.#opened(opened)
      return opened
    }
    return () => {
      Journal.prototype.append = append
      JournalledEngine.prototype.apply = apply
      JournalledEngine.open = open
    }
  }

  /** The daemon is gone. */
  ended(): void {
    this.#nextComparison = 0
    this.#nextCount = 0
    this.look()
    this.#live = undefined
  }

  /** @throws what does not hold. */
  look(): void {
    if (!this.#hasChanged || this.#live === undefined) return
    this.#hasChanged = false
    this.#looks++
    const { engine, records } = this.#live
    if (records.last !== this.last) throw new Error(`the journal has ${records.last} records, not ${this.last}`)
    this.#durable = Math.max(this.#durable, records.durable)
    if (this.#looks >= this.#nextCount) this.#count(engine)
    if (this.#looks >= this.#nextComparison) this.#compare(engine)
    this.#advance()
  }

  #count(engine: Engine): void {
    assertSound(engine)
    this.#account.check(presentIn(engine))
    this.#nextCount = this.#looks + 1 + Math.floor(engine.namespace.messageCount / MESSAGES_A_STEP)
  }

  #compare(engine: Engine): void {
    if (this.#shadow === undefined) throw new Error('a namespace without a first record')
    const live = stateOf(engine)
    if (!live.equals(stateOf(this.#shadow))) throw new Error(`after record ${this.last} the log leads to another state`)
    if (++this.#compared % RESTORE_EVERY === 0) assertRestores(engine)
    this.#nextComparison = this.#looks + 1 + Math.floor(live.length / BYTES_A_STEP)
  }

  #countRepeated({ ticket, call }: Entry): void {
    // The daemon's own have no answers, and begin anew with it.
    if (ticket.session === 0 || call.name === 'acknowledgeSession') return
    const { size } = this.#tickets.add(`${ticket.session}:${ticket.number}`)
    if (size === this.#asked) this.repeated++
    this.#asked = size
  }

  #appended(sequence: number, record: Uint8Array): void {
    const bytes = Uint8Array.from(record)
    if (sequence === 1) {
      if (this.#durable > 0) throw new Error('a journal that had records was begun anew')
      this.#shadow = loadState(decodeState([bytes]))
      this.#base = loadState(decodeState([Uint8Array.from(record)]))
      this.#baseSequence = 1
      this.#records = []
      return
    }
    if (sequence !== this.last + 1) throw new Error(`record ${sequence} follows on ${this.last}`)
    this.#shadow?.apply(decodeEntry(bytes))
    this.#records.push(bytes)
  }

  /** What came back is what all records up to one lead to, and no durable one is missing. */
  #opened(opened: JournalledEngine): void {
    const { last } = opened.records
    if (last < this.#durable) throw new Error(`record ${this.#durable} was durable, and ${last} came back`)
    if (last > this.last) throw new Error(`${this.last} records were appended, and ${last} came back`)
    if (this.#base === undefined) throw new Error('a namespace came back that never was')
    const wanted = copyOf(this.#base)
    for (const record of this.#records.slice(0, last - this.#baseSequence)) wanted.apply(decodeEntry(record))
    if (!stateOf(wanted).equals(stateOf(opened.engine))) {
      throw new Error(`what came back is not what the first ${last} records lead to`)
    }
    this.#records.length = last - this.#baseSequence
    this.#shadow = wanted
    this.#live = opened
    this.#hasChanged = true
    this.recoveries++
  }

  #advance(): void {
    if (this.#durable - this.#baseSequence < BASE_EVERY) return
    const durable = this.#records.splice(0, this.#durable - this.#baseSequence)
    for (const record of durable) this.#base?.apply(decodeEntry(record))
    this.#baseSequence = this.#durable
  }
}

/** Its bytes are never written again, so that states share them. */
const writer = new ByteWriter()

/** All of an engine's state as bytes. */
export function stateOf(engine: Engine): Buffer {
  const [first, ...others] = [...encodeState(saveState(engine), writer)]
  if (first === undefined) throw new Error('assertion: a state has bytes')
  if (others.length > 0) return Buffer.concat([first, ...others])
  return Buffer.from(first.buffer, first.byteOffset, first.length)
}

function copyOf(engine: Engine): Engine {
  return loadState(decodeState([stateOf(engine)]))
}

/** What must hold of an engine by itself. */
export function assertSound(engine: Engine): void {
  const broken = brokenInvariants(engine.namespace)
  if (broken.length > 0) throw new Error(`broken: ${broken.join('; ')}`)
}

/** What is on the queues of an engine. */
export function presentIn(engine: Engine): Present[] {
  const present: Present[] = []
  for (const { messages } of engine.namespace.identifiers.queues()) {
    for (const address of messages) {
      const { mtext } = messages.read(address)
      present.push({ text: textOf(mtext), isHeld: messages.holderOf(address) !== undefined })
    }
  }
  return present
}

/** A checkpoint, restored elsewhere and taken again, is the same. */
export function assertRestores(engine: Engine): void {
  const { now } = engine.namespace
  const checkpoint = engine.checkpoint(ROOT, now)
  if ('code' in checkpoint) throw new Error(`no checkpoint: ${checkpoint.code}`)
  const { queues, waiting: _, ...header } = checkpoint
  const other = new Engine()
  const restore = { session: 0, number: 1 }
  let number = 1
  const call = (does: Entry['call']) => {
    const { completions } = other.apply({ ticket: { session: 0, number: number++ }, now, caller: ROOT, call: does })
    const [end] = completions
    if (end === undefined || 'code' in end) throw new Error(`${does.name} of a checkpoint ended in ${end?.code}`)
  }
  call({ name: 'restoreBegin', header })
  for (const chunk of queueChunks(queues)) call({ name: 'restoreChunk', restore, queues: chunk })
  call({ name: 'restoreCommit', restore })
  const again = other.checkpoint(ROOT, now)
  if ('code' in again) throw new Error(`no checkpoint of what was restored: ${again.code}`)
  const bytesOf = (of: typeof checkpoint) => serialize([...checkpointParts({ ...of, waiting: [] })])
  if (!bytesOf(again).equals(bytesOf(checkpoint))) throw new Error('a checkpoint that was restored is another one')
}
