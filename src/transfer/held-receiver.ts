import { INT_MAX, IPC_NOWAIT, type Msgbuf } from '../abi/index.ts'
import { BackendError, type HeldMessage, SyscallError } from '../contract/index.ts'
import type { FoundInSpool } from './move-plan.ts'
import { placeWords, type QueuePlace, standingQueue } from './place.ts'
import { type Selector, selectorOf } from './selector.ts'
import { SlotReceiver } from './slot-receiver.ts'
import { foundWords, type Spool, spoolDirectory } from './spool.ts'

export interface HeldReceiveOptions {
  /** Fail with ENOMSG when there is no message, instead of waiting. */
  readonly nowait?: boolean
  /** Ends the wait: it rejects with `signal.reason`, and no message was taken. */
  readonly signal?: AbortSignal
}

/** Receives messages that are not lost before they are accepted, whatever becomes of this process. */
export interface HeldReceiver {
  /** The file that a message is in while it is held; `undefined` where it is hidden on its queue. */
  readonly slot: string | undefined
  /** What an earlier process had in its hands when it ended: it is received first. */
  readonly found: FoundInSpool | undefined
  /** Takes one message, and holds it. End its hold before the next one. @throws {SyscallError} as msgrcv. */
  receive(options?: HeldReceiveOptions): Promise<HeldMessage>
  /** Lets go of the slot. A message that is in it is found by the next receiver or move from this queue. */
  close(): void
}

export interface HeldReceiverOptions {
  /** Which messages, as for msgrcv: 0, the default, is all of them. */
  readonly msgtyp?: number | bigint
  /** `MSG_EXCEPT`, or 0. */
  readonly msgflg?: number
  /** The directory of slots, for a namespace that cannot hold. */
  readonly spool?: string
  /** Where messages are brought, as people name it; at most a few hundred characters. */
  readonly target: string
}

/**
 * Receives from a queue with acknowledgement, also where the namespace cannot hold (`capabilities.held`): there, as for
 * `moveMessages`, a message is received straight into a slot mapped from a file, and is off its queue. Accepted it is
 * gone; refused it is the next that is received from this queue, by whoever uses the slot. A process that is killed
 * loses nothing: the next one finds the message, and is told whether it may be the second to get it.
 *
 * @throws {SyscallError} `EINVAL` there is no such queue.
 * @throws {BackendError} as `moveMessages`; `ERR_MSGQ_UNAVAILABLE` also: the slot has a message that is not selected.
 */
export async function openHeldReceiver(source: QueuePlace, options: HeldReceiverOptions): Promise<HeldReceiver> {
  const selector = selectorOf(options.msgtyp, options.msgflg)
  const { stat } = await standingQueue(source)
  if (source.namespace.capabilities.held) return hidingReceiver(source, selector)
  const words = { source: placeWords(source, stat.perm.key), target: options.target }
  const receiver = SlotReceiver.open(source, selector, options.spool ?? spoolDirectory(), words)
  const { found, path } = receiver.spool
  if (found === undefined || selector.selects(found.mtype)) return new SlotHeldReceiver(source.msqid, receiver)
  receiver.spool.close()
  const why = `${path} has a message of type ${found.mtype} from ${found.source}, and that type is not to be received`
  throw new BackendError('ERR_MSGQ_UNAVAILABLE', `${why}: receive it first, or use another spool`)
}

function hidingReceiver({ namespace, msqid }: QueuePlace, { msgtyp, msgflg }: Selector): HeldReceiver {
  return {
    slot: undefined,
    found: undefined,
    receive: ({ nowait = false, ...wait } = {}) =>
      namespace.msgrcv(msqid, INT_MAX, msgtyp, msgflg | (nowait ? IPC_NOWAIT : 0), { ...wait, hold: true }),
    close: () => undefined,
  }
}

class SlotHeldReceiver implements HeldReceiver {
  readonly found: FoundInSpool | undefined
  readonly #msqid: number
  readonly #receiver: SlotReceiver
  readonly #spool: Spool
  /** Was refused, or was found: it is the next. */
  #next: Msgbuf | undefined

  constructor(msqid: number, receiver: SlotReceiver) {
    const { found } = receiver.spool
    this.found = found && foundWords(found)
    this.#msqid = msqid
    this.#receiver = receiver
    this.#spool = receiver.spool
    this.#next = found
  }

  get slot(): string {
    return this.#spool.path
  }

  async receive({ nowait = false, signal }: HeldReceiveOptions = {}): Promise<HeldMessage> {
    const message = this.#next ?? (await this.#receiver.receive({ waits: !nowait, signal }))
    if (message === undefined) throw new SyscallError('ENOMSG', 'msgrcv', { msqid: this.#msqid })
    this.#next = message
    this.#spool.sending(message)
    const { mtype, mtext } = message
    return {
      mtype,
      mtext,
      accept: async () => {
        this.#next = undefined
        this.#spool.clear()
      },
      refuse: async () => this.#spool.notSent(message),
    }
  }

  close(): void {
    this.#spool.close()
  }
}
