import { INT_MAX, UINT_MAX } from '../abi/index.ts'
import type { CheckpointQueue, MessageView, Sender } from '../engine/index.ts'
import { faultOf } from './check-checkpoint.ts'
import {
  areToldTogether,
  ColumnReader,
  ColumnWriter,
  isColumn,
  isRisingColumn,
  lastOf,
  RisingColumnReader,
  RisingColumnWriter,
} from './columns.ts'
import type { JsonObject } from './json-line.ts'

/** What our file keeps of a queue's messages beside CRIU's, taken message by message, each checked. */
export class MessageColumns {
  readonly #queue: CheckpointQueue
  readonly #sequence = new RisingColumnWriter()
  readonly #pid = new ColumnWriter()
  readonly #uid = new ColumnWriter()
  readonly #time = new RisingColumnWriter()
  #count = 0
  #last = 0

  constructor(queue: CheckpointQueue) {
    this.#queue = queue
  }

  /** @throws {RangeError} The message cannot be written. */
  add(message: MessageView): void {
    const { sequence, sender, time } = message
    const wrong = faultOf(message, this.#last)
    if (wrong !== undefined) throw new RangeError(`queue ${this.#queue.msqid}, message ${this.#count}: ${wrong}`)
    if (sequence !== undefined) this.#last = sequence
    this.#sequence.add(sequence)
    this.#pid.add(sender?.pid)
    this.#uid.add(sender?.uid)
    this.#time.add(time)
    this.#count++
  }

  /** Nothing is added any more. @throws {RangeError} The queue tells another length, or a `lastSequence` too low. */
  end(): object {
    const { msqid, messages, lastSequence = this.#last } = this.#queue
    if (this.#count !== messages.length) {
      throw new RangeError(`queue ${msqid}: ${messages.length} messages must be, not ${this.#count}`)
    }
    if (this.#last > lastSequence) throw new RangeError(`queue ${msqid}: lastSequence must be at least ${this.#last}`)
    return {
      count: this.#count,
      sequence: this.#sequence.end(),
      pid: this.#pid.end(),
      uid: this.#uid.end(),
      time: this.#time.end(),
    }
  }
}

/** What our file tells of a queue's messages, read in their order. */
export class ToldColumns {
  readonly #sequences: RisingColumnReader
  readonly #pids: ColumnReader
  readonly #uids: ColumnReader
  readonly #times: RisingColumnReader
  #sender: Sender | undefined
  /** The highest sequence number, 0 where none is told. */
  readonly lastSequence: number

  /**
   * @param qnum How many messages CRIU's file has.
   * @throws {ImageError} The columns are not of so many, or a number is out of its range.
   */
  constructor(line: JsonObject, qnum: number) {
    if (line.integer('count', 0, UINT_MAX) !== qnum) throw line.member('count', `${qnum}, as in CRIU's file`)
    const sequence = line.array('sequence')
    const pid = line.array('pid')
    const uid = line.array('uid')
    const time = line.array('time')
    if (!isRisingColumn(sequence, qnum, 1)) throw line.member('sequence', `runs of ${qnum} numbers that rise`)
    if (!isColumn(pid, qnum, INT_MAX)) throw line.member('pid', `runs of ${qnum} process ids`)
    if (!isColumn(uid, qnum, UINT_MAX)) throw line.member('uid', `runs of ${qnum} user ids`)
    if (!isRisingColumn(time, qnum, Number.NEGATIVE_INFINITY)) throw line.member('time', `runs of ${qnum} times`)
    if (!areToldTogether(pid, uid)) throw line.member('uid', 'told where the pid is')
    this.#sequences = new RisingColumnReader(sequence)
    this.#pids = new ColumnReader(pid)
    this.#uids = new ColumnReader(uid)
    this.#times = new RisingColumnReader(time)
    this.lastSequence = lastOf(sequence)
  }

  /** Completes the next message. */
  complete(message: { sequence: number | undefined; sender: Sender | undefined; time: number | undefined }): void {
    message.sequence = this.#sequences.next()
    message.sender = this.#senderOf(this.#pids.next(), this.#uids.next())
    message.time = this.#times.next()
  }

  /** Neighbours mostly have one sender: then they share the object. */
  #senderOf(pid: number | undefined, uid: number | undefined): Sender | undefined {
    if (pid === undefined || uid === undefined) return undefined
    if (this.#sender?.pid !== pid || this.#sender.uid !== uid) this.#sender = { pid, uid }
    return this.#sender
  }
}
