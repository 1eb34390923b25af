import type { ErrnoName } from '../abi/index.ts'
import { wouldWait } from './attempts.ts'
import { type Checkpoint, type CheckpointRefusal, checkpoint } from './checkpoint.ts'
import { copyAfter, copyAtIndex, setCopyCounter } from './copies.ts'
import type { Agree, Applied, Caller, CopyAfter, Entry, Limits, Message, Msgrcv, Ticket, WaitingCall } from './entry.ts'
import { accept, acceptAll, refuse } from './hold.ts'
import { setLimits, setNextId } from './limits.ts'
import { msgctl } from './msgctl.ts'
import { msgget } from './msgget.ts'
import { msgrcv } from './msgrcv.ts'
import { msgsnd } from './msgsnd.ts'
import { type Namespace, type NamespaceOptions, NO_COMPLETIONS, newNamespace, type Step } from './namespace.ts'
import { restoreBegin, restoreChunk, restoreCommit } from './restore.ts'
import { acknowledgeSession, expireSession, interrupt, isSettled, openSession, remember, wasMade } from './sessions.ts'
import { waitingCalls } from './waiters.ts'

/** One IPC namespace's message queues as a deterministic state machine: an entry goes in, completions come out. */
export class Engine {
  /** The state, for those who check it; nobody else changes it. */
  readonly namespace: Namespace

  constructor(options: NamespaceOptions = {}) {
    this.namespace = newNamespace(options)
  }

  /**
   * Applies one entry. Every call that it finished is in the completions; a ticket that is not among them is waiting.
   *
   * @param agree For a send, or a receive that neither holds nor copies: it ends in EINTR where this does not agree. What
   *   this throws comes through, and nothing has happened.
   */
  apply(entry: Entry, agree?: Agree): Applied {
    const { namespace } = this
    const step: Step = {
      namespace,
      ticket: entry.ticket,
      caller: entry.caller,
      call: entry.call,
      // Time never goes back, and an entry that changes nothing does not move it: such entries are in no journal.
      now: Math.max(namespace.now, entry.now),
      agree,
      completions: NO_COMPLETIONS,
      changed: false,
    }
    if (!isSettled(step)) dispatch(step)
    if (step.changed) {
      namespace.now = step.now
      if (namespace.sessions.size > 0) remember(step)
    }
    return step
  }

  /** A copy by index, without an entry: it changes nothing and never waits, so that nothing of it need be ordered. */
  copyAtIndex(caller: Caller, call: Msgrcv): Message | ErrnoName {
    return copyAtIndex(this.namespace, caller, call)
  }

  /** The whole namespace at this instant, for a caller who may read all of it; removes nothing. */
  checkpoint(caller: Caller, time: number): Checkpoint | CheckpointRefusal {
    return checkpoint(this.namespace, caller, time)
  }

  /** Whether a call of this ticket was made: to apply it again answers it, if it does not wait, and changes nothing. */
  wasMade(ticket: Ticket): boolean {
    return wasMade(this.namespace, ticket)
  }

  /** Whether a call would wait, if it were made now: for those who keep waiting calls outside of the state. */
  wouldWait(caller: Caller, call: Msgrcv | CopyAfter): boolean {
    return wouldWait(this.namespace, caller, call)
  }

  /** Every waiting call, queue by queue, in the order in which each list is served. */
  waiting(): WaitingCall[] {
    return waitingCalls(this.namespace)
  }

  get limits(): Limits {
    return this.namespace.limits
  }

  /** Pending msg_next_id; -1 when there is none. */
  get nextId(): number {
    return this.namespace.identifiers.nextId
  }
}

function dispatch(step: Step): void {
  const { call } = step
  switch (call.name) {
    case 'msgget':
      return msgget(step, call)
    case 'msgsnd':
      return msgsnd(step, call)
    case 'msgrcv':
      return msgrcv(step, call)
    case 'msgctl':
      return msgctl(step, call)
    case 'copyAfter':
      return copyAfter(step, call)
    case 'interrupt':
      return interrupt(step, call)
    case 'accept':
      return accept(step, call)
    case 'acceptAll':
      return acceptAll(step, call)
    case 'refuse':
      return refuse(step, call)
    case 'setLimits':
      return setLimits(step, call)
    case 'setNextId':
      return setNextId(step, call)
    case 'setCopyCounter':
      return setCopyCounter(step, call)
    case 'restoreBegin':
      return restoreBegin(step, call)
    case 'restoreChunk':
      return restoreChunk(step, call)
    case 'restoreCommit':
      return restoreCommit(step, call)
    case 'openSession':
      return openSession(step)
    case 'acknowledgeSession':
      return acknowledgeSession(step, call)
    case 'expireSession':
      return expireSession(step, call)
  }
}
