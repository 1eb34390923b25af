import { INT_MAX, UINT_MAX } from '../abi/index.ts'
import type { CheckpointQueue, MessageView, PlainMessage, Sender } from '../engine/index.ts'
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
  readonly #times = new RisingColumnWriter()
  #count = 0
  #last = 0
  /** What the last message tells, and how many more tell the same with the next sequence numbers: they are noted at once. */
  #sender: Sender | undefined
  #time: number | undefined
  #alike = 0

  constructor(queue: CheckpointQueue) {
    this.#queue = queue
  }

  /** @throws {RangeError} The message cannot be written. */
  add(message: MessageView): void {
    const { mtype, source, sequence, sender, time } = message
    const isAlike = sequence === this.#last + 1 && sender === this.#sender && time === this.#time
    if (
      isAlike &&
      source !== undefined &&
      mtype >= 1 &&
      Number.isSafeInteger(mtype) &&
      Number.isSafeInteger(sequence)
    ) {
      this.#last = sequence
      this.#alike++
      this.#count++
      return
    }
    this.#noteAlike()
    const wrong = faultOf(message, this.#last)
    if (wrong !== undefined) throw new RangeError(`queue ${this.#queue.msqid}, message ${this.#count}: ${wrong}`)
    if (sequence !== undefined) this.#last = sequence
    this.#sequence.add(sequence)
    this.#pid.add(sender?.pid)
    this.#uid.add(sender?.uid)
    this.#times.add(time)
    this.#sender = sender
    this.#time = time
    this.#count++
  }

  #noteAlike(): void {
    if (this.#alike === 0) return
    this.#sequence.addSteps(1, this.#alike)
    this.#pid.add(this.#sender?.pid, this.#alike)
    this.#uid.add(this.#sender?.uid, this.#alike)
    this.#times.addSteps(this.#time === undefined ? undefined : 0, this.#alike)
    this.#alike = 0
  }

  /** Nothing is added any more. @throws {RangeError} The queue tells another length, or a `lastSequence` too low. */
  end(): object {
    const { msqid, messages, lastSequence = this.#last } = this.#queue
    if (this.#count !== messages.length) {
      throw new RangeError(`queue ${msqid}: ${messages.length} messages must be, not ${this.#count}`)
    }
    this.#noteAlike()
    if (this.#last > lastSequence) throw new RangeError(`queue ${msqid}: lastSequence must be at least ${this.#last}`)
    return {
      count: this.#count,
      sequence: this.#sequence.end(),
      pid: this.#pid.end(),
      uid: this.#uid.end(),
      time: this.#times.end(),
    }
  }
}

/** What our file tells of a queue's messages, read in their order. */
export class ToldColumns {
  readonly #sequences: RisingColumnReader
  readonly #pids: ColumnReader
  readonly #uids: ColumnReader
  readonly #times: RisingColumnReader
  /** How many messages have what the last one has, but sequence numbers that rise by `#step`. */
  #alike = 0
  #step = 0
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

  /**
   * Completes the next message. Most have what the one before has: they are counted, not looked up.
   *
   * @param message The same object for all of them.
   */
  complete(message: { -readonly [Field in 'sequence' | 'pid' | 'uid' | 'time']: PlainMessage[Field] }): void {
    if (this.#alike > 0) {
      this.#alike--
      message.sequence += this.#step
      return
    }
    message.sequence = this.#sequences.next()
    message.pid = this.#pids.next()
    message.uid = this.#uids.next()
    message.time = this.#times.next()
    if (this.#times.step !== 0) return
    this.#step = this.#sequences.step
    this.#alike = Math.min(this.#sequences.left, this.#pids.left, this.#uids.left, this.#times.left)
    this.#sequences.skip(this.#alike)
    this.#pids.skip(this.#alike)
    this.#uids.skip(this.#alike)
    this.#times.skip(this.#alike)
  }
}
