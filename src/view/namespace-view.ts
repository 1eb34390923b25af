import { IPC_CREAT, IPC_EXCL, IPC_NOWAIT, IPC_RMID, IPC_SET, isLong, type Long, long } from '../abi/index.ts'
import { BackendError, formatKey, type IpcNamespace } from '../contract/index.ts'
import { fromBase64 } from './base64.ts'
import { Holdings } from './holdings.ts'
import { pageOf, scan, wholeMessage, wholeSeen } from './messages.ts'
import type { CallAnswers, CallParameters } from './page-source.ts'
import { Sampler } from './sampler.ts'
import type { LogLine, Seen } from './seen.ts'

export interface ViewOptions {
  readonly userName?: (uid: number) => string
  /** Who calls. */
  readonly user: string
  /** Every call that changes something is refused. */
  readonly readOnly?: boolean
}

export type Call = keyof CallParameters

type Calls = {
  readonly [Name in Call]: (parameters: CallParameters[Name]) => Promise<CallAnswers[Name]>
}

/** The calls that change something. `receive` does, also where it holds. */
export const CHANGING: ReadonlySet<Call> = new Set([
  'create',
  'send',
  'receive',
  'accept',
  'remove',
  'set',
  'setLimits',
])

const READING: ReadonlySet<Call> = new Set(['about', 'depths', 'page', 'scan', 'message', 'log'])

/** Whether there is such a call. */
export function isCall(name: string): name is Call {
  return CHANGING.has(name as Call) || READING.has(name as Call)
}

/** Lines of a log that are answered: the newest. */
const LOG_LINES_MAX = 2000
/** The most that a message may have. */
const ANY_BYTES = 2 ** 31 - 1

/** Answers what a page asks of a namespace, through the contract alone. Parameters are JSON of somebody's: checked here. */
export class NamespaceView {
  readonly #namespace: IpcNamespace
  readonly #options: ViewOptions
  readonly #sampler: Sampler
  readonly #userName: (uid: number) => string
  readonly #holdings = new Holdings()

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
    if (this.#options.readOnly === true && CHANGING.has(name)) {
      throw new BackendError('ERR_MSGQ_UNSUPPORTED', `${name}: this inspector only reads (--read-only)`)
    }
    return this.#calls[name](parameters)
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
    scan: async ({ msqid, after, filter }) => scan(this.#namespace, msqid, after, filter),
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
    const { history, url } = this.#namespace
    if (history === undefined) throw new BackendError('ERR_MSGQ_UNSUPPORTED', `${url} keeps no past`)
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

/** @throws {RangeError} it is no long in decimal. */
function longIn(text: string): Long {
  const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined
  if (value === undefined || !isLong(value)) throw new RangeError(`a type is a whole number, not ${text}`)
  return long(value)
}
