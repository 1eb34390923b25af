import { IPCMNI, MSG_STAT_ANY } from '../../../abi/index.ts'
import { abortSignal, BackendError, type Circumstances, SyscallError, syscallError } from '../../../contract/index.ts'
import type { Call, Code, Limits, Message, Msgrcv, Ticket } from '../../../engine/index.ts'
import type { ValueOf } from '../../../host/index.ts'
import type { RefusalDetails, RequestName, SpokenFor } from '../../../wire/index.ts'
import type { Parts } from './asking.ts'
import { backendError, type End } from './end.ts'
import type { Link } from './link.ts'
import { isRepeatable, MadeCall, type OnValue } from './made-call.ts'

/** One caller's use of a link: its calls become values, promises and errors, and end with it. */
export class ClientSession {
  readonly link: Link
  readonly as: SpokenFor | undefined
  readonly #held = new Set<Ticket>()
  #isClosed = false

  constructor(link: Link, as?: SpokenFor) {
    this.link = link
    this.as = as
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  assertOpen(): void {
    if (this.#isClosed) throw new BackendError('ERR_MSGQ_CLOSED', 'this namespace was closed: open it again')
  }

  /**
   * Makes a call. An aborted wait rejects with `signal.reason`, and no message is lost.
   *
   * @param onValue Told of the call's ticket when its value has come, before the promise settles.
   */
  perform<C extends Call>(call: C, signal?: AbortSignal, onValue?: OnValue): Promise<ValueOf<C>> {
    return new Promise((resolve, reject) => {
      abortSignal(signal)
      this.assertOpen()
      new MadeCall(this, call, signal, onValue, resolve, reject).begin()
    })
  }

  /**
   * Receives. The message is held until it is here, and accepted before anybody hears of it: a client that ends before
   * that leaves it on its queue.
   */
  receive(call: Msgrcv, signal: AbortSignal | undefined): Promise<Message> {
    const { held } = this.link.welcome.capabilities
    if (held !== true) return this.perform(call, signal)
    return this.perform({ ...call, hold: true }, signal, (ticket) => this.link.accept(ticket))
  }

  /** Makes a receive that holds; the ticket names it to `endHold`. */
  async hold(call: Msgrcv, signal: AbortSignal | undefined): Promise<{ ticket: Ticket; message: Message }> {
    let held: Ticket | undefined
    const message = await this.perform(call, signal, (ticket) => {
      held = ticket
      this.#held.add(ticket)
    })
    if (held === undefined) throw new Error('assertion: a message that came has a ticket')
    return { ticket: held, message }
  }

  /** Accepts or refuses a held message. */
  async endHold(name: 'accept' | 'refuse', receive: Ticket): Promise<void> {
    try {
      await this.perform({ name, receive })
    } catch (error) {
      // What could not be asked, or done on a full disk, is held still.
      if (error instanceof SyscallError) this.#held.delete(receive)
      throw error
    }
    this.#held.delete(receive)
  }

  /** Begins something that goes on under its own ticket. */
  async begin(call: Call): Promise<Ticket> {
    let begun: Ticket | undefined
    await this.perform(call, undefined, (ticket) => {
      begun = ticket
    })
    if (begun === undefined) throw new Error('assertion: what has begun has a ticket')
    return begun
  }

  /** The limits of the namespace. */
  async limits(): Promise<Limits> {
    this.assertOpen()
    return (await this.request('limits')) as Limits
  }

  /** Asks what is no call. @returns What it answers, when its parts have come. */
  async request(request: RequestName, parts?: Parts): Promise<unknown> {
    this.assertOpen()
    const asked = { kind: 'request', request, ...(this.as !== undefined && { as: this.as }) } as const
    return this.value(await this.link.request(asked, parts), request)
  }

  /** The value of a request's end. @throws what it ended in. */
  value(end: End, request: string): unknown {
    if (end.kind === 'failure') throw backendError(end.code, end.message)
    if ('value' in end) return end.value
    if (end.code.startsWith('ERR_')) throw backendError(end.code, request)
    throw new SyscallError(end.code as SyscallError['code'], request, end.details)
  }

  /** Ends the waiting calls of this caller, and shows what it held again. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const call of this.link.unansweredOf(this)) this.tell({ name: 'interrupt', call })
    for (const receive of this.#held) this.tell({ name: 'refuse', receive })
  }

  /** Makes a call whose end nobody waits for. */
  tell(call: Call): void {
    const { as } = this
    const asker = {
      as,
      isRepeatable: isRepeatable(call),
      isOwed: true,
      ended: () => undefined,
      failed: () => undefined,
    }
    this.link.call(call, asker)
  }

  /** The error of a call that was refused. */
  async error(call: Call, code: Code, details: RefusalDetails | undefined): Promise<Error> {
    switch (code) {
      case 'ERR_MSGQ_SESSION_EXPIRED':
      case 'ERR_MSGQ_TICKET_ACKNOWLEDGED':
      case 'ERR_MSGQ_SESSION_FULL':
        return backendError(code, call.name)
      default: {
        if (details !== undefined) return new SyscallError(code, call.name, details)
        return syscallError(code, call, await this.#circumstances(call, code))
      }
    }
  }

  /** What a hint depends on, asked for only where it does. */
  async #circumstances(call: Call, code: Code): Promise<Circumstances> {
    const isOfLimits = code === 'ENOSPC' || (code === 'EINVAL' && call.name === 'msgsnd')
    const isOfOwner = code === 'EPERM' && call.name === 'msgctl'
    if (!isOfLimits && !isOfOwner) return {}
    try {
      const limits = await this.limits()
      return isOfOwner ? { limits, ownsQueue: await this.#owns(call.msqid) } : { limits }
    } catch {
      // A refusal without its hint is a refusal still.
      return {}
    }
  }

  /** Whether this caller may change a queue, whatever it changes. */
  async #owns(msqid: number): Promise<boolean> {
    const uid = this.as?.uid ?? process.geteuid?.()
    const isCapable = this.as === undefined ? uid === 0 : this.as.capabilities?.includes('CAP_SYS_ADMIN') === true
    if (isCapable) return true
    const found = await this.perform({ name: 'msgctl', msqid: msqid % IPCMNI, cmd: MSG_STAT_ANY })
    return found !== 0 && 'stat' in found && [found.stat.perm.uid, found.stat.perm.cuid].includes(uid ?? -1)
  }
}
