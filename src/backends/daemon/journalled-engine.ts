import { IPC_RMID, IPC_SET, MSG_COPY } from '../../abi/index.ts'
import {
  type Bounds,
  type Call,
  type Completion,
  DEFAULT_BOUNDS,
  Engine,
  type Entry,
  type NamespaceOptions,
  saveState,
} from '../../engine/index.ts'
import { loadEngine } from '../../host/index.ts'
import { decodeEntry, encodeEntry, encodeState } from '../../wire/index.ts'
import {
  type AppendOptions,
  type Disk,
  Journal,
  type JournalError,
  type JournalOptions,
  type JournalRecord,
  type Recovery,
} from './journal/index.ts'

/** So many bytes are replayed in well under a second. */
const IMAGE_EVERY_BYTES = 64 * 1024 * 1024

export interface JournalledOptions extends Omit<JournalOptions, 'onDurable'> {
  /** Of a namespace that is begun; one that is there is as its journal has it. */
  readonly namespace?: NamespaceOptions
  /** What its messages and waiting calls may take of memory, from this start on. */
  readonly bounds?: Partial<Bounds>
  /** After so many bytes of records an image is written. Default 64 MiB. */
  readonly imageEveryBytes?: number
  /** Hears of the ends of calls, once they are durable, in the order of the entries, with the entry that ended them. Must not throw. */
  readonly onCompletions: (completions: readonly Completion[], entry: Entry) => void
  /** Hears that an image could not be written, on a full disk for instance: the journal goes on, and is longer to replay. */
  readonly onImageError?: (error: unknown) => void
}

/** An engine of the past, and the entries that came after, in lists. */
export interface Past extends Disposable {
  readonly engine: Engine
  readonly entries: AsyncIterable<readonly Entry[]>
}

/** What is to be told, and the record that must be durable before anybody hears of it. */
interface Untold {
  readonly sequence: number
  readonly tell: () => void
}

/**
 * An engine whose every change is in a journal before anybody hears of it.
 *
 * The journal's first record is the state that the namespace began with, every other one an entry that changed something.
 * An answer waits for all records before it, also that of a call which changed nothing: it may tell of a change which a
 * power cut would take back.
 */
export class JournalledEngine {
  readonly engine: Engine
  readonly #journal: Journal
  readonly #options: JournalledOptions
  #untold: Untold[] = []
  /** Of the last entry that was no reading. */
  #lastSession = 0
  #bytesSinceImage = 0
  #imaging: Promise<void> | undefined

  private constructor(engine: Engine, journal: Journal, options: JournalledOptions) {
    this.engine = engine
    this.#journal = journal
    this.#options = options
  }

  /**
   * Brings back the namespace of a journal, or begins one.
   *
   * @throws as `Journal.open`, and a `WireError` where a record is none of this format. Nothing was changed.
   */
  static async open(disk: Disk, options: JournalledOptions): Promise<JournalledEngine> {
    let opened: JournalledEngine | undefined
    const onDurable = (sequence: number) => {
      if (opened !== undefined) opened.#tell(sequence)
    }
    const journal = await Journal.open(disk, { ...options, onDurable })
    try {
      const recovered = await recover(journal.recovery)
      const engine = recovered ?? new Engine(options.namespace)
      engine.namespace.bounds = { ...DEFAULT_BOUNDS, ...options.namespace?.bounds, ...options.bounds }
      opened = new JournalledEngine(engine, journal, options)
      if (recovered === undefined) await opened.#begin()
      return opened
    } catch (error) {
      await journal.close().catch(() => undefined)
      throw error
    }
  }

  /** Of the journal: see `Journal.id`. */
  get id(): Uint8Array {
    return this.#journal.id
  }

  /** Number of the last record, and of the last that is durable. */
  get records(): { readonly last: number; readonly durable: number } {
    return { last: this.#journal.last.sequence, durable: this.#journal.durable }
  }

  /** Resolves when the disk has failed, which is final: nothing more is told. Never rejects. */
  get failed(): Promise<JournalError> {
    return this.#journal.failed
  }

  /**
   * Applies an entry. What it ended is told to `onCompletions`, at once where nothing has to become durable first.
   *
   * @returns `false` where the disk is full and the entry might need room: it was not applied. What frees space, and what
   *   changes nothing, is always applied.
   * @throws {RangeError} A number that a record does not carry: the entry was not applied.
   * @throws {JournalError} `ERR_MSGQ_JOURNAL_FAILED`: nothing is told of it.
   */
  apply(entry: Entry): boolean {
    const { call, now, ticket } = entry
    if (isReading(call, this.engine.namespace)) {
      this.#complete(this.engine.apply(entry).completions, entry)
      return true
    }
    const isAlone = ticket.session === this.#lastSession
    this.#lastSession = ticket.session
    const record = encodeEntry(entry)
    const room = roomFor(call, this.engine.namespace.held.size)
    // What was made is made, however full the disk is now: whoever asks again is told so.
    if (!this.#journal.canAppend(record.length, room) && !this.engine.wasMade(ticket)) return false
    const { completions, changed } = this.engine.apply(entry)
    // Of two that follow one another and are of one session the next one most likely is too: nobody gains by waiting.
    if (changed) this.#append(record, now, { freesSpace: room.freesSpace, isAlone })
    this.#complete(completions, entry)
    return true
  }

  /**
   * The engine as it was at an instant, and what came after; both stay readable until it is disposed of.
   *
   * @param time Milliseconds since 1970. Default: the earliest that the journal holds.
   * @returns `undefined` when the journal does not hold that instant any more.
   */
  async past(time: number | undefined = this.#journal.oldestInstant): Promise<Past | undefined> {
    const state = time === undefined ? undefined : await this.#journal.at(time)
    if (time === undefined || state === undefined) return undefined
    try {
      const engine = (await recover(state)) ?? new Engine(this.#options.namespace)
      const entries = entriesOf(this.#journal.history({ from: time + 1 }))
      return { engine, entries, [Symbol.dispose]: () => state[Symbol.dispose]() }
    } catch (error) {
      state[Symbol.dispose]()
      throw error
    }
  }

  /** The earliest instant that the journal still holds, milliseconds since 1970. */
  get oldestInstant(): number | undefined {
    return this.#journal.oldestInstant
  }

  /** Calls back when all that was applied is durable: what was read of the engine now may then be told. At once, if it is. */
  afterAll(tell: () => void): void {
    const { sequence } = this.#journal.last
    if (sequence <= this.#journal.durable) tell()
    else this.#untold.push({ sequence, tell })
  }

  /** Resolves when all that was applied is on the disk, whatever the durability. @throws {JournalError} The disk has failed. */
  flush(): Promise<void> {
    return this.#journal.flush()
  }

  /**
   * Lets go of the journal.
   *
   * @param options `image`: write one, so that the next start replays nothing. Default true.
   * @throws {JournalError} The disk has failed.
   */
  async close({ image = true }: { readonly image?: boolean } = {}): Promise<void> {
    await this.#imaging
    if (this.#bytesSinceImage > 0 && image) await this.#writeImage()
    await this.#journal.close()
  }

  async #begin(): Promise<void> {
    this.#append(Buffer.concat([...encodeState(saveState(this.engine))]), this.engine.namespace.now)
    await this.#journal.whenDurable()
  }

  #append(record: Uint8Array, now: number, room?: AppendOptions): void {
    this.#journal.append(record, now, room)
    this.#bytesSinceImage += record.length
    const { imageEveryBytes = IMAGE_EVERY_BYTES } = this.#options
    if (this.#bytesSinceImage < imageEveryBytes || this.#imaging !== undefined) return
    this.#imaging = this.#writeImage().finally(() => {
      this.#imaging = undefined
    })
  }

  /** Never rejects. */
  async #writeImage(): Promise<void> {
    this.#bytesSinceImage = 0
    const { last } = this.#journal
    try {
      await this.#journal.writeImage(encodeState(saveState(this.engine)), last)
    } catch (error) {
      this.#options.onImageError?.(error)
    }
  }

  #complete(completions: readonly Completion[], entry: Entry): void {
    if (completions.length > 0) this.afterAll(() => this.#options.onCompletions(completions, entry))
  }

  #tell(durable: number): void {
    const untold = this.#untold
    const isAll = (untold.at(-1)?.sequence ?? 0) <= durable
    this.#untold = isAll ? [] : untold.filter(({ sequence }) => sequence > durable)
    for (const { sequence, tell } of untold) {
      if (sequence > durable) return
      tell()
    }
  }
}

/** The engine of a journal; `undefined` when it is a new one. */
async function recover({ image, records: lists }: Recovery): Promise<Engine | undefined> {
  let engine = image === undefined ? undefined : await loadEngine(image.chunks())
  for await (const records of lists) {
    for (const { bytes } of records) {
      if (engine === undefined) engine = await loadEngine([bytes])
      else engine.apply(decodeEntry(bytes))
    }
  }
  return engine
}

/** Records as entries, in lists. The first record of all is a state, and none. */
async function* entriesOf(lists: AsyncIterable<readonly JournalRecord[]>): AsyncGenerator<readonly Entry[]> {
  for await (const records of lists) {
    yield records.filter(({ sequence }) => sequence > 1).map(({ bytes }) => decodeEntry(bytes))
  }
}

/** Whether a call changes nothing, whatever it finds. */
function isReading(call: Call, { msgCopy }: Engine['namespace']): boolean {
  if (call.name === 'msgctl') return call.cmd !== IPC_RMID && call.cmd !== IPC_SET
  return call.name === 'msgrcv' && (call.msgflg & MSG_COPY) !== 0 && msgCopy === 'index'
}

/**
 * The room that a call may use on a full disk: what gives room back, or ends something, must be possible there. A message
 * that is held has its accept to come, whose record is no longer than that of its receive: room for it stays, for a
 * program has the message and will not have it twice.
 */
function roomFor(call: Call, held: number): Room {
  switch (call.name) {
    case 'msgrcv':
      return call.msgflg & MSG_COPY ? NO_MORE : { freesSpace: true, followers: held + 1 }
    case 'msgctl':
      return call.cmd === IPC_RMID ? ALL_THERE_IS : NO_MORE
    case 'accept':
    case 'acceptAll':
    case 'refuse':
    case 'expireSession':
      return ALL_THERE_IS
    case 'interrupt':
    case 'openSession':
    case 'acknowledgeSession':
      return { freesSpace: true, followers: held }
    default:
      return NO_MORE
  }
}

type Room = Required<Omit<AppendOptions, 'isAlone'>>

const NO_MORE: Room = { freesSpace: false, followers: 0 }
const ALL_THERE_IS: Room = { freesSpace: true, followers: 0 }
