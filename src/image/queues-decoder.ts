import { type CheckpointQueue, MessagePacker, type PlainMessages } from '../engine/index.ts'
import { NOT_TOLD } from './columns.ts'
import { ImageError } from './errors.ts'
import type { IpcnsEntry, IpcnsMessageView, IpcnsVisitor } from './ipcns-msg-decoder.ts'
import type { JsonObject } from './json-line.ts'
import { NOTHING_TOLD } from './message-columns.ts'
import { type QueueHead, queueWithoutLine, readQueueLine } from './queue-line.ts'

/** Makes the queues of a checkpoint of CRIU's file and the lines of ours, packing messages as they come. */
export class QueuesDecoder implements IpcnsVisitor<CheckpointQueue[]> {
  readonly #file: string
  readonly #lines: readonly JsonObject[] | undefined
  readonly #queues: CheckpointQueue[] = []
  #open: { readonly head: QueueHead; readonly messages: MessagePacker } | undefined

  /** @param lines What `file` of ours tells of each queue; absent without it. */
  constructor(file: string, lines?: readonly JsonObject[]) {
    this.#file = file
    this.#lines = lines
  }

  queue(entry: IpcnsEntry): void {
    this.#close()
    this.#open = { head: this.#headOf(entry), messages: new MessagePacker() }
  }

  message({ mtype, mtext }: IpcnsMessageView): void {
    if (this.#open === undefined) return
    const {
      head: { told = NOTHING_TOLD },
      messages,
    } = this.#open
    told.take(1)
    const sequence = ifTold(told.sequence)
    const sender = told.pid === NOT_TOLD ? undefined : { pid: told.pid, uid: told.uid }
    messages.append({ mtype, mtext, sequence, sender, time: ifTold(told.time) })
  }

  plain(found: PlainMessages, count: number): void {
    if (this.#open === undefined) return
    const {
      head: { told = NOTHING_TOLD },
      messages,
    } = this.#open
    for (let from = 0; from < count; ) {
      const to = from + told.take(count - from)
      messages.appendPlain(found, from, to, told)
      from = to
    }
  }

  end(): CheckpointQueue[] {
    this.#close()
    const [queues, lines] = [this.#queues.length, this.#lines?.length ?? this.#queues.length]
    if (queues !== lines) throw new ImageError(this.#file, `${queues} queues, as in CRIU's file`, { found: `${lines}` })
    return this.#queues
  }

  #headOf(entry: IpcnsEntry): QueueHead {
    if (this.#lines === undefined) return queueWithoutLine(entry)
    const line = this.#lines[this.#queues.length]
    if (line === undefined) throw new ImageError(this.#file, "a line for each queue of CRIU's file")
    return readQueueLine(line, entry)
  }

  #close(): void {
    if (this.#open === undefined) return
    const { told: _, ...head } = this.#open.head
    this.#queues.push({ ...head, messages: this.#open.messages.packed() })
    this.#open = undefined
  }
}

function ifTold(value: number): number | undefined {
  return value === NOT_TOLD ? undefined : value
}
