import { IPC_CREAT, IPC_EXCL, IPC_NOWAIT, IPC_RMID, IPC_SET, isLong, type Long, long } from '../abi/index.ts'
import { BackendError, formatKey, type IpcNamespace } from '../contract/index.ts'
import { type Image, imageAsNdjson, LINUX_VARIABLES } from '../image/index.ts'
import { planRestore, restoreQueues } from '../transfer/index.ts'
import { fromBase64 } from './base64.ts'
import { Holdings } from './holdings.ts'
import { ImageShelf } from './image-shelf.ts'
import { pageOf, scan, wholeMessage, wholeSeen } from './messages.ts'
import type { CallAnswers, CallParameters } from './page-source.ts'
import { Sampler } from './sampler.ts'
import type { LogLine, Seen } from './seen.ts'
import type { ChoiceSeen, ImageSeen, PlanSeen } from './seen-image.ts'

export interface ViewOptions {
  readonly userName?: (uid: number) => string
  /** Who calls. */
  readonly user: string
  /** Every call that changes something is refused. */
  readonly readOnly?: boolean
}

/** A file that is made while it is read. */
export interface CheckpointFile {
  readonly name: string
  readonly chunks: Iterable<Uint8Array<ArrayBuffer>>
}

export type Call = keyof CallParameters

type Calls = {
  readonly [Name in Call]: (parameters: CallParameters[Name]) => Promise<CallAnswers[Name]>
}

/** The calls that change something. `receive` does, also where it holds. */
const CHANGING = ['create', 'send', 'receive', 'accept', 'remove', 'set', 'setLimits', 'restore'] as const
/** Calls about whole images: who may only look is given no checkpoint, and no way to bring one back. */
const IMAGES = ['images', 'keep', 'putAway', 'imageDiff', 'planRestore'] as const
/** Who may only look may look back, and at the messages of that instant. */
const READING = ['about', 'depths', 'page', 'scan', 'message', 'log', 'past', 'imagePage', 'imageMessage'] as const

const REFUSED_IF_READ_ONLY: ReadonlySet<string> = new Set([...CHANGING, ...IMAGES])
const CALLS: ReadonlySet<string> = new Set([...CHANGING, ...IMAGES, ...READING])

/** Whether there is such a call. */
export function isCall(name: string): name is Call {
  return CALLS.has(name)
}

/** Lines of a log that are answered: the newest. */
const LOG_LINES_MAX = 2000
/** What Linux calls the namespace that it starts with. CRIU's images are numbered so too. */
const NAMESPACE_NUMBER = 1
/** The most that a message may have. */
const ANY_BYTES = 2 ** 31 - 1

/** Answers what a page asks of a namespace, through the contract alone. Parameters are JSON of somebody's: checked here. */
export class NamespaceView {
  readonly #namespace: IpcNamespace
  readonly #options: ViewOptions
  readonly #sampler: Sampler
  readonly #userName: (uid: number) => string
  readonly #holdings = new Holdings()
  readonly #shelf = new ImageShelf()
  #isLookingBack = false

  constructor(namespace: IpcNamespace, options: ViewOptions) {
    this.#namespace = namespace
    this.#options = options
    this.#userName = options.userName ?? String
    this.#sampler = new Sampler(namespace, this.#userName)
  }

  /** The namespace as it is now. To be called again and again, one after the other: rates and charts are between samples. */
  sample(): Promise<Seen> {
    return this.#sampler.sample()
  }

  /**
   * Answers one call.
   *
   * @throws {TypeError|RangeError} parameters that are not its own. @throws as the namespace's calls.
   */
  async answer<Name extends Call>(name: Name, parameters: CallParameters[Name]): Promise<CallAnswers[Name]> {
    if (typeof parameters !== 'object' || parameters === null) throw new TypeError('parameters must be an object')
    if (REFUSED_IF_READ_ONLY.has(name)) this.assertMayChange(name)
    return this.#calls[name](parameters)
  }

  /** @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` with `readOnly`. */
  assertMayChange(what: string): void {
    if (this.#options.readOnly !== true) return
    throw new BackendError('ERR_MSGQ_UNSUPPORTED', `${what}: this inspector only reads (--read-only)`)
  }

  /** @throws {RangeError} there is no room for another image, or for one of so many bytes. */
  assertRoomForImage(bytes: number): void {
    this.#shelf.assertRoom(bytes)
  }

  /** Puts an image of a file on the shelf. */
  addImage(name: string, image: Image): ImageSeen {
    return this.#shelf.add('file', name, image)
  }

  /**
   * All queues at this instant as a file: NDJSON, in chunks of their own.
   *
   * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` with `readOnly`. @throws as `checkpoint`.
   */
  async checkpointFile(): Promise<CheckpointFile> {
    this.assertMayChange('checkpoint')
    const checkpoint = await this.#namespace.checkpoint()
    const name = `msgq-${new Date(checkpoint.time).toISOString().replaceAll(':', '-')}.ndjson`
    const image = { checkpoint, missing: [], namespaceNumber: NAMESPACE_NUMBER, variables: LINUX_VARIABLES }
    return { name, chunks: copiesOf(imageAsNdjson(image)) }
  }

  close(): void {
    this.#holdings.close()
  }

  readonly #calls: Calls = {
    about: async () => {
      const { url, capabilities } = this.#namespace
      return { url, capabilities, readOnly: this.#options.readOnly === true, user: this.#options.user }
    },
    depths: async ({ msqid }) => this.#sampler.depths.of(msqid),
    page: async ({ msqid, first, count }) => ({ messages: await pageOf(this.#namespace, msqid, first, count) }),
    scan: async ({ msqid, after, before, filter }) => scan(this.#namespace, msqid, { after, before, filter }),
    message: async ({ msqid, place }) => wholeMessage(this.#namespace, msqid, place),
    log: async (asked) => this.#log(asked),
    create: async ({ key, mode }) => ({ msqid: await this.#namespace.msgget(key, IPC_CREAT | IPC_EXCL | mode) }),
    send: async ({ msqid, type, payload }) => {
      await this.#namespace.msgsnd(msqid, { mtype: longIn(type), mtext: fromBase64(payload) }, IPC_NOWAIT)
      return {}
    },
    receive: async ({ msqid, msgtyp }) => this.#receive(msqid, longIn(msgtyp)),
    accept: async ({ held }) => {
      await this.#holdings.accept(held)
      return {}
    },
    remove: async ({ msqid }) => {
      await this.#namespace.msgctl(msqid, IPC_RMID)
      return {}
    },
    set: async ({ msqid, uid, gid, mode, qbytes }) => {
      await this.#namespace.msgctl(msqid, IPC_SET, { perm: { uid, gid, mode }, qbytes })
      return {}
    },
    setLimits: async ({ msgmax, msgmnb, msgmni }) => {
      await this.#namespace.setLimits({ msgmax, msgmnb, msgmni })
      return {}
    },
    images: async () => ({ images: this.#shelf.all() }),
    keep: async () => {
      this.#shelf.assertRoom()
      return this.#shelf.add('now', 'taken now', { checkpoint: await this.#namespace.checkpoint(), missing: [] })
    },
    past: async ({ time }) => this.#past(time),
    putAway: async ({ image }) => {
      this.#shelf.putAway(image)
      return {}
    },
    imagePage: async ({ image, msqid, first, count }) => ({
      messages: this.#shelf.page(image, msqid, first, count),
    }),
    imageMessage: async ({ image, msqid, index }) => this.#shelf.message(image, msqid, index),
    imageDiff: async ({ before, after }) => this.#shelf.diff(before, after),
    planRestore: async ({ image, choice }) => this.#planRestore(image, choiceIn(choice)),
    restore: async ({ image, choice, replaces, appends }) => {
      const plan = await this.#planRestore(image, choiceIn(choice))
      const isAsTold =
        isSameIds(plan.replaced, replaces) &&
        isSameIds(
          plan.appended.map(({ to = 0 }) => ({ msqid: to })),
          appends,
        )
      if (!isAsTold) throw new RangeError('the queues here have changed since you were asked: nothing was done')
      const report = await restoreQueues(this.#namespace, this.#shelf.checkpoint(image), choiceIn(choice))
      return { ...report, conflicts: [] }
    },
  }

  /** One at a time: a daemon repeats a part of its journal for each. */
  async #past(time: number): Promise<ImageSeen> {
    const namespace = this.#namespace
    if (namespace.checkpointAt === undefined) throw withoutPast(namespace)
    if (!Number.isSafeInteger(time)) throw new RangeError('an instant is a whole number of milliseconds')
    if (this.#isLookingBack) throw new RangeError('another instant is being looked for: try again')
    this.#isLookingBack = true
    try {
      return this.#shelf.add('past', 'the past', { checkpoint: await namespace.checkpointAt(time), missing: [] })
    } finally {
      this.#isLookingBack = false
    }
  }

  async #planRestore(image: number, choice: ChoiceSeen): Promise<PlanSeen> {
    const plan = await planRestore(this.#namespace, this.#shelf.checkpoint(image), choice)
    return { ...plan, conflicts: plan.conflicts.map(({ message }) => message) }
  }

  /** Held until the page has it, where that can be: else an answer that is lost would lose the message. */
  async #receive(msqid: number, msgtyp: Long): Promise<CallAnswers['receive']> {
    if (!this.#namespace.capabilities.held) {
      return { message: wholeSeen(await this.#namespace.msgrcv(msqid, await this.#longest(), msgtyp, IPC_NOWAIT)) }
    }
    this.#holdings.assertRoom()
    const held = await this.#namespace.msgrcv(msqid, ANY_BYTES, msgtyp, IPC_NOWAIT, { hold: true })
    return { message: wholeSeen(held), held: this.#holdings.add(held) }
  }

  /** The kernel's backend has room for what is asked for, so no more is asked for than a message may have. */
  async #longest(): Promise<number> {
    return (await this.#namespace.limits()).msgmax
  }

  async #log({ msqid, from, to }: CallParameters['log']): Promise<CallAnswers['log']> {
    const { history } = this.#namespace
    if (history === undefined) throw withoutPast(this.#namespace)
    const options = {
      ...(msqid !== undefined && { msqid }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    }
    const lines: LogLine[] = []
    let isCut = false
    for await (const { key, uid, mtype, sizeBytes, ...event } of history.call(this.#namespace, options)) {
      lines.push({
        ...event,
        key: formatKey(key),
        user: this.#userName(uid),
        ...(mtype !== undefined && { type: String(mtype) }),
        ...(sizeBytes !== undefined && { bytes: sizeBytes }),
      })
      // Shifting each line would move all of them: the older half goes at once.
      if (lines.length < 2 * LOG_LINES_MAX) continue
      lines.splice(0, LOG_LINES_MAX)
      isCut = true
    }
    return { lines: lines.slice(-LOG_LINES_MAX), isCut: isCut || lines.length > LOG_LINES_MAX }
  }
}

/** A chunk is good until the next but one, and who takes a file may keep it longer. */
function* copiesOf(chunks: Iterable<Uint8Array>): Generator<Uint8Array<ArrayBuffer>> {
  for (const chunk of chunks) yield chunk.slice() as Uint8Array<ArrayBuffer>
}

function withoutPast({ url }: IpcNamespace): BackendError {
  return new BackendError('ERR_MSGQ_UNSUPPORTED', `${url} keeps no past`)
}

/** @throws {RangeError} it is no long in decimal. */
function longIn(text: string): Long {
  const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined
  if (value === undefined || !isLong(value)) throw new RangeError(`a type is a whole number, not ${text}`)
  return long(value)
}

/** @throws {RangeError} no such choice: one that is not known must not become the plain one. */
function choiceIn({ standing = 'refuse', asNew = false }: ChoiceSeen): ChoiceSeen {
  if (!['refuse', 'replace', 'append'].includes(standing)) throw new RangeError(`standing cannot be ${standing}`)
  return { standing, asNew: asNew === true }
}

function isSameIds(found: readonly { readonly msqid: number }[], told: readonly number[]): boolean {
  return found.length === told.length && found.every(({ msqid }) => told.includes(msqid))
}
