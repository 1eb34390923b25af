import { IPC_RMID, IPC_SET, MSG_COPY } from '../../../abi/index.ts'
import { BackendError } from '../../../contract/index.ts'
import type { Call, Ticket } from '../../../engine/index.ts'
import type { ValueOf } from '../../../host/index.ts'
import type { SpokenFor } from '../../../wire/index.ts'
import type { Asker } from './asking.ts'
import { backendError, type End } from './end.ts'
import type { ClientSession } from './session.ts'

/** Hears of a call's value at once, before anything else is done. */
export type OnValue = (ticket: Ticket) => void

/** A call on its way, and what is done with its end. A class, for each call makes one: closures would take longer. */
export class MadeCall<C extends Call> implements Asker {
  readonly owner: ClientSession
  readonly as: SpokenFor | undefined
  readonly isRepeatable: boolean
  readonly #call: C
  readonly #signal: AbortSignal | undefined
  readonly #onValue: OnValue | undefined
  readonly #resolve: (value: ValueOf<C>) => void
  readonly #reject: (error: unknown) => void
  #number = 0
  #abort: (() => void) | undefined

  constructor(
    owner: ClientSession,
    call: C,
    signal: AbortSignal | undefined,
    onValue: OnValue | undefined,
    resolve: (value: ValueOf<C>) => void,
    reject: (error: unknown) => void,
  ) {
    this.owner = owner
    this.as = owner.as
    this.isRepeatable = isRepeatable(call)
    this.#call = call
    this.#signal = signal
    this.#onValue = onValue
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Asks. @throws as `Link.call`. */
  begin(): void {
    this.#number = this.owner.link.call(this.#call, this)
    if (this.#signal === undefined) return
    this.#abort = () => this.owner.tell({ name: 'interrupt', call: this.#ticket })
    this.#signal.addEventListener('abort', this.#abort, { once: true })
  }

  ended(end: End): void {
    this.#over()
    if (end.kind === 'failure') return this.#reject(backendError(end.code, end.message))
    if ('value' in end) {
      this.#onValue?.(this.#ticket)
      return this.#resolve(end.value as ValueOf<C>)
    }
    const call = this.#call
    if (end.code !== 'EINTR') {
      return void this.owner.error(call, end.code, end.details).then(this.#reject, this.#reject)
    }
    if (this.owner.isClosed) return this.#reject(closedWhileWaiting(call))
    if (this.#signal?.aborted) return this.#reject(this.#signal.reason)
    // Nobody here asked for that: the connection was lost while it waited. It did not happen, so it is asked again.
    try {
      this.begin()
    } catch (error) {
      this.#reject(error)
    }
  }

  failed(error: Error): void {
    this.#over()
    this.#reject(error)
  }

  get #ticket(): Ticket {
    return this.owner.link.ticketOf(this.#number)
  }

  #over(): void {
    if (this.#abort !== undefined) this.#signal?.removeEventListener('abort', this.#abort)
  }
}

/** Whether to make a call once more in another session, where it may have been made before, can do nothing twice. */
export function isRepeatable(call: Call): boolean {
  switch (call.name) {
    case 'msgctl':
      return call.cmd !== IPC_RMID && call.cmd !== IPC_SET
    case 'msgrcv':
      // What is held by a session that has ended is back on its queue.
      return call.hold === true || (call.msgflg & MSG_COPY) !== 0
    case 'copyAfter':
    case 'interrupt':
      return true
    default:
      return false
  }
}

function closedWhileWaiting(call: Call): BackendError {
  return new BackendError('ERR_MSGQ_CLOSED', `the namespace was closed while ${call.name} waited; it did not happen`)
}
