import { IPCMNI, MSG_STAT_ANY } from '../abi/index.ts'
import { abortSignal, BackendError, type MsgctlResult, syscallError } from '../contract/index.ts'
import type {
  Agree,
  Call,
  Caller,
  Code,
  Completion,
  Message,
  Msgctl,
  Msgrcv,
  Msgsnd,
  Ticket,
  Values,
} from '../engine/index.ts'
import type { Host, Submitted } from './host.ts'

/** What a call answers when it succeeds. */
export type ValueOf<C extends Call> = Values[C['name']]

/** A message that is held, and the ticket that names it to `accept` and `refuse`. */
export interface Held {
  readonly ticket: Ticket
  readonly message: Message
}

/** One caller's use of a host: its calls become values, promises and errors, and end with it. */
export class HostSession {
  readonly host: Host
  readonly caller: Caller
  readonly #waiting = new Set<Ticket>()
  readonly #held = new Set<Ticket>()
  #closed = false

  constructor(host: Host, caller: Caller) {
    this.host = host
    this.caller = caller
  }

  /** Makes a call that never waits. */
  perform<C extends Call>(call: C): ValueOf<C> {
    this.assertOpen()
    return this.#value(this.#ended(this.host.submit(this.caller, call), call), call)
  }

  /** Makes a copy by index. */
  copyAtIndex(call: Msgrcv, signal?: AbortSignal): Message {
    abortSignal(signal)
    this.assertOpen()
    const copied = this.host.engine.copyAtIndex(this.caller, call)
    if (typeof copied === 'string') throw this.#error(copied, call)
    return copied
  }

  /** Makes a call that never waits, if `agree`, which is given its answer, has it so. @returns Whether it happened. */
  performIf<C extends Msgsnd | Msgrcv>(call: C, agree: (answer: ValueOf<C>) => boolean): boolean {
    this.assertOpen()
    const completion = this.#ended(this.host.submit(this.caller, call, agree as Agree), call)
    if ('value' in completion) return true
    if (completion.code === 'EINTR') return false
    throw this.#error(completion.code, call)
  }

  /**
   * Makes a call that may wait: a promise only if it does. An aborted wait rejects with `signal.reason`, and no message
   * is lost.
   */
  performOrWait<C extends Call>(call: C, signal: AbortSignal | undefined): ValueOf<C> | Promise<ValueOf<C>> {
    abortSignal(signal)
    this.assertOpen()
    const submitted = this.host.submit(this.caller, call)
    return isEnded(submitted) ? this.#value(submitted, call) : this.#wait(submitted.ticket, call, signal)
  }

  /** Makes a receive that holds. */
  async hold(call: Msgrcv, signal: AbortSignal | undefined): Promise<Held> {
    abortSignal(signal)
    this.assertOpen()
    const submitted = this.host.submit(this.caller, call)
    const { ticket } = submitted
    const message = isEnded(submitted) ? this.#value(submitted, call) : await this.#wait(ticket, call, signal)
    this.#held.add(ticket)
    return { ticket, message }
  }

  /** Makes a receive that holds, and does not wait. */
  holdNow(call: Msgrcv): Held {
    this.assertOpen()
    const completion = this.#ended(this.host.submit(this.caller, call), call)
    const message = this.#value(completion, call)
    this.#held.add(completion.ticket)
    return { ticket: completion.ticket, message }
  }

  /** Accepts or refuses a held message. */
  endHold(name: 'accept' | 'refuse', receive: Ticket): void {
    this.#held.delete(receive)
    this.perform({ name, receive })
  }

  /** Begins something that goes on under its own ticket. */
  begin(call: Call): Ticket {
    this.assertOpen()
    const completion = this.#ended(this.host.submit(this.caller, call), call)
    this.#value(completion, call)
    return completion.ticket
  }

  assertOpen(): void {
    if (this.#closed) throw new BackendError('ERR_MSGQ_CLOSED', 'this namespace was closed: open it again')
  }

  /** Ends the waiting calls of this caller, and shows what it held again. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const call of this.#waiting) this.host.submit(this.caller, { name: 'interrupt', call })
    for (const receive of this.#held) this.host.submit(this.caller, { name: 'refuse', receive })
  }

  #ended(submitted: Submitted, call: Call): Completion {
    if (isEnded(submitted)) return submitted
    throw new Error(`assertion: ${call.name} waits where nothing may wait`)
  }

  #wait<C extends Call>(ticket: Ticket, call: C, signal: AbortSignal | undefined): Promise<ValueOf<C>> {
    return new Promise((resolve, reject) => {
      // Whichever entry is ordered first wins: an abort that comes too late finds nothing to interrupt.
      const abort = () => this.host.submit(this.caller, { name: 'interrupt', call: ticket })
      signal?.addEventListener('abort', abort, { once: true })
      if (signal !== undefined) this.host.beginAbortable()
      this.#waiting.add(ticket)
      this.host.whenDone(ticket, (completion) => {
        signal?.removeEventListener('abort', abort)
        if (signal !== undefined) this.host.endAbortable()
        this.#waiting.delete(ticket)
        const wasInterrupted = 'code' in completion && completion.code === 'EINTR'
        if (wasInterrupted && this.#closed) reject(closedWhileWaiting(call))
        else if (wasInterrupted && signal?.aborted) reject(signal.reason)
        else {
          try {
            resolve(this.#value(completion, call))
          } catch (error) {
            reject(error)
          }
        }
      })
    })
  }

  #value<C extends Call>(completion: Completion, call: C): ValueOf<C> {
    if ('value' in completion) return completion.value as ValueOf<C>
    throw this.#error(completion.code, call)
  }

  #error(code: Code, call: Call): Error {
    switch (code) {
      case 'ERR_MSGQ_SESSION_EXPIRED':
      case 'ERR_MSGQ_SESSION_FULL':
      case 'ERR_MSGQ_TICKET_ACKNOWLEDGED':
        return new Error(`assertion: ${code}, but this process's own calls have no session`)
      default:
        return syscallError(code, call, {
          limits: this.host.engine.limits,
          ...(code === 'EPERM' && call.name === 'msgctl' && { ownsQueue: this.#owns(call.msqid) }),
        })
    }
  }

  /** Whether this caller may change a queue, whatever it changes. */
  #owns(msqid: number): boolean {
    const { uid, capabilities } = this.caller
    if (capabilities.includes('CAP_SYS_ADMIN')) return true
    const found = this.perform({ name: 'msgctl', msqid: msqid % IPCMNI, cmd: MSG_STAT_ANY })
    return found !== 0 && 'stat' in found && [found.stat.perm.uid, found.stat.perm.cuid].includes(uid)
  }
}

function isEnded(submitted: Submitted): submitted is Completion {
  return 'value' in submitted || 'code' in submitted
}

function closedWhileWaiting(call: Call): BackendError {
  return new BackendError('ERR_MSGQ_CLOSED', `the namespace was closed while ${call.name} waited; it did not happen`)
}

/** Performs a msgctl; the contract's types say what each command answers. */
export function msgctlResult<Cmd extends number>(session: HostSession, call: Msgctl): MsgctlResult<Cmd> {
  const value = session.perform(call)
  return (value === 0 ? undefined : value) as MsgctlResult<Cmd>
}
