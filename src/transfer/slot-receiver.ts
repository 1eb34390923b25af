import { IPC_NOWAIT, type Msgbuf } from '../abi/index.ts'
import { BackendError, type IpcNamespace, SyscallError } from '../contract/index.ts'
import { Lookahead } from './lookahead.ts'
import type { QueuePlace } from './place.ts'
import type { Selector } from './selector.ts'
import type { SlotWords } from './slot-file.ts'
import { Spool } from './spool.ts'

/** A wait with room for no bytes takes an empty message alone, and ends with E2BIG when there is a longer one. */
const EMPTY: Msgbuf = { mtype: 1, mtext: new Uint8Array(0) }

type ReceiveInto = NonNullable<IpcNamespace['msgrcvInto']>

export interface SlotReceiveOptions {
  /** Wait for a message when there is none. */
  readonly waits: boolean
  readonly signal?: AbortSignal | undefined
  /** Asked before a message of this size is taken; what it throws leaves the message on its queue. */
  readonly mustTake?: (sizeBytes: number) => Promise<void>
}

/** Takes messages of a queue into a slot, which outlives this process. */
export class SlotReceiver {
  readonly spool: Spool
  readonly #source: QueuePlace
  readonly #selector: Selector
  readonly #receiveInto: ReceiveInto
  readonly #lookahead: Lookahead

  private constructor(source: QueuePlace, selector: Selector, receiveInto: ReceiveInto, spool: Spool) {
    this.spool = spool
    this.#source = source
    this.#selector = selector
    this.#receiveInto = receiveInto
    this.#lookahead = new Lookahead(source, selector)
  }

  /**
   * Opens the slot of a source. Close its spool when done.
   *
   * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` the namespace cannot receive into memory, or not copy. @throws as `Spool.open`.
   */
  static open(source: QueuePlace, selector: Selector, directory: string, words: SlotWords): SlotReceiver {
    const receiveInto = intoOf(source.namespace)
    return new SlotReceiver(source, selector, receiveInto, Spool.open(directory, words))
  }

  /** Takes one message into the slot. @returns `undefined` when there is none, and none is waited for. @throws as msgrcv. */
  async receive({ waits, signal, mustTake }: SlotReceiveOptions): Promise<Msgbuf | undefined> {
    const { msgtyp, msgflg } = this.#selector
    const waitOptions = signal === undefined ? {} : { signal }
    for (;;) {
      signal?.throwIfAborted()
      const next = await this.#lookahead.next()
      if (next === undefined && !waits) return undefined
      await mustTake?.(next?.mtext.length ?? 0)
      const { mtext } = next ?? EMPTY
      const flags = msgflg | (next === undefined ? 0 : IPC_NOWAIT)
      this.spool.expect(next ?? EMPTY)
      try {
        const { address } = this.spool
        const { msqid } = this.#source
        const length = await this.#receiveInto(address, msqid, mtext.length, msgtyp, flags, waitOptions)
        const message = this.spool.landed(length)
        this.#lookahead.taken(message)
        return message
      } catch (error) {
        // Nothing has landed, or nobody knows: the slot itself tells.
        if (!isAnotherNow(error)) throw error
        this.#lookahead.reset()
      }
    }
  }
}

function intoOf(namespace: IpcNamespace): ReceiveInto {
  const { capabilities, msgrcvInto, url } = namespace
  if (msgrcvInto === undefined) {
    const why = `${url} can neither hold a message nor receive it into memory: one that is taken could be lost`
    throw new BackendError('ERR_MSGQ_UNSUPPORTED', why)
  }
  if (capabilities.copy === 'index') return msgrcvInto.bind(namespace)
  const why = 'a message is looked at before it is taken, and this kernel cannot copy (CONFIG_CHECKPOINT_RESTORE)'
  throw new BackendError('ERR_MSGQ_UNSUPPORTED', why)
}

/** Another receiver took the message that we looked at, or the one that we waited for has come. */
function isAnotherNow(error: unknown): boolean {
  return error instanceof SyscallError && (error.code === 'ENOMSG' || error.code === 'E2BIG')
}
