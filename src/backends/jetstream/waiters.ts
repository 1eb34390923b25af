import { IPC_NOWAIT, IPCMNI, MSG_COPY } from '../../abi/index.ts'
import { BackendError } from '../../contract/index.ts'
import {
  type Caller,
  type Completion,
  type CopyAfter,
  DEFAULT_BOUNDS,
  type Msgrcv,
  type WaitingCall,
} from '../../engine/index.ts'
import type { Node } from './node.ts'

type WaitableCall = Msgrcv | CopyAfter

interface Waited {
  readonly call: WaitableCall
  readonly caller: Caller
  readonly ended: (completion: Completion) => void
  readonly failed: (error: BackendError) => void
  readonly aborted: () => void
}

/** A receive or a copy that may wait, at its node: no other node knows of it. */
export interface Waiter extends Waited {
  /** An attempt is in the log. */
  isUnderWay: boolean
  /** The first attempt has found that it has to wait. */
  isWaiting: boolean
  isAborted: boolean
}

/**
 * The calls that wait at this node, in the order in which they began to. What waits in a log is handed messages after
 * its node has died; so it waits here, and attempts that do not wait are proposed. A sender
 * is handed nothing: it waits in the log, in the kernel's order among all nodes.
 */
export class Waiters {
  readonly #node: Node
  readonly #waiters = new Set<Waiter>()
  #lastNumber = 0

  constructor(node: Node) {
    this.#node = node
    node.listeners.add(() => this.#look())
  }

  add(waited: Waited): Waiter {
    return { ...waited, isUnderWay: false, isWaiting: false, isAborted: false }
  }

  /** Proposes an attempt. */
  attempt(waiter: Waiter): void {
    const { call, caller, isWaiting } = waiter
    waiter.isUnderWay = true
    const attempted = { ...call, msgflg: call.msgflg | IPC_NOWAIT }
    // A receiver that waits is handed its message by the thread that waits. Source: ipc/msg.c, pipelined_send().
    const { session } = this.#node
    const as = isWaiting && call.name === 'msgrcv' && call.hold ? { ...caller, pid: caller.tid } : caller
    try {
      const ended = (completion: Completion) => this.#ended(waiter, completion)
      const failed = (error: BackendError) => this.#attemptFailed(waiter, error, session)
      this.#node.submit(as, attempted, { ended, failed }, isWaiting)
    } catch (error) {
      this.#fail(waiter, error as BackendError)
    }
  }

  /** Ends a wait, unless an attempt that is under way succeeds. */
  abort(waiter: Waiter): void {
    waiter.isAborted = true
    if (waiter.isUnderWay) return
    this.#waiters.delete(waiter)
    waiter.aborted()
  }

  /** The calls that wait: these, and senders, which wait in the log; queue by queue, each list as it is served. */
  list(): WaitingCall[] {
    const local = [...this.#waiters].map(({ call, caller }) => {
      const ticket = { session: 0, number: ++this.#lastNumber }
      return { ticket, msqid: call.msqid, caller, call }
    })
    const all: WaitingCall[] = [...local.filter(({ call }) => takes(call)), ...this.#node.engine.waiting()]
    all.push(...local.filter(({ call }) => !takes(call)))
    return all.sort((a, b) => (a.msqid % IPCMNI) - (b.msqid % IPCMNI))
  }

  #ended(waiter: Waiter, completion: Completion): void {
    waiter.isUnderWay = false
    if ('code' in completion) {
      const { code, ticket } = completion
      const { call, isWaiting } = waiter
      const isNothingYet = code === 'ENOMSG' && !(call.msgflg & IPC_NOWAIT)
      if (isNothingYet) {
        if (waiter.isAborted) return this.abort(waiter)
        if (!waiter.isWaiting && this.#waiters.size >= DEFAULT_BOUNDS.waitingCalls) {
          return waiter.ended({ ticket, code: 'ENOMEM' })
        }
        waiter.isWaiting = true
        this.#waiters.add(waiter)
        return
      }
      this.#waiters.delete(waiter)
      // The queue was there when it began to wait.
      waiter.ended(isWaiting && code === 'EINVAL' ? { ticket, code: 'EIDRM' } : completion)
      return
    }
    this.#waiters.delete(waiter)
    waiter.ended(completion)
  }

  /** An attempt that holds has taken nothing when it failed: what was held is shown again. */
  #attemptFailed(waiter: Waiter, error: BackendError, session: number): void {
    const { call, isAborted } = waiter
    const tookNothing = call.name === 'copyAfter' || call.hold
    if (!tookNothing) return this.#fail(waiter, error)
    waiter.isUnderWay = false
    if (isAborted) return this.abort(waiter)
    // The others have ended the session that it was made in: it is made again in the next one.
    if (this.#node.isOpen && this.#node.session !== session) return this.attempt(waiter)
    const isInDoubt = error.code === 'ERR_MSGQ_IN_DOUBT'
    const message = 'the cluster has not answered: nothing was received'
    this.#fail(waiter, isInDoubt ? new BackendError('ERR_MSGQ_UNAVAILABLE', message, { cause: error }) : error)
  }

  #fail(waiter: Waiter, error: BackendError): void {
    this.#waiters.delete(waiter)
    waiter.failed(error)
  }

  /** Attempts what can succeed now: on each queue no more receives at once than there are messages. */
  #look(): void {
    if (this.#waiters.size === 0) return
    try {
      this.#node.assertOpen()
    } catch (error) {
      for (const waiter of [...this.#waiters]) this.#fail(waiter, error as BackendError)
      return
    }
    const { engine } = this.#node
    const underWay = new Map<number, number>()
    for (const waiter of this.#waiters) {
      const { call, caller } = waiter
      const isTaking = takes(call)
      const before = underWay.get(call.msqid) ?? 0
      const messages = engine.namespace.identifiers.find(call.msqid)?.qnum ?? Number.POSITIVE_INFINITY
      if (waiter.isUnderWay) {
        if (isTaking) underWay.set(call.msqid, before + 1)
        continue
      }
      if (engine.wouldWait(caller, call) || (isTaking && messages > 0 && before >= messages)) continue
      if (isTaking) underWay.set(call.msqid, before + 1)
      this.attempt(waiter)
    }
  }
}

function takes(call: WaitableCall): boolean {
  return call.name === 'msgrcv' && !(call.msgflg & MSG_COPY)
}
