import { INT_MAX, UINT_MAX } from '../abi/index.ts'
import type { CheckpointQueue, MessageView, Sender, ToldAlike } from '../engine/index.ts'
import { faultOf } from './check-checkpoint.ts'
import {
  areToldTogether,
  ColumnReader,
  ColumnWriter,
  isColumn,
  isRisingColumn,
  lastOf,
  NOT_TOLD,
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

/** What is told of a queue's messages, taken in their order. */
export interface ToldMessages extends ToldAlike {
  /**
   * Takes what the next messages tell, as far as they tell alike: this object has it then.
   *
   * @param most 1 or more.
   * @returns How many messages, at least one.
   */
  take(most: number): number
}

/** What CRIU tells, which is nothing. */
export const NOTHING_TOLD: ToldMessages = {
  sequence: NOT_TOLD,
  step: 0,
  pid: NOT_TOLD,
  uid: NOT_TOLD,
  time: NOT_TOLD,
  take: (most) => most,
}

/** What our file tells of a queue's messages. */
export class ToldColumns implements ToldMessages {
  readonly #sequences: RisingColumnReader
  readonly #pids: ColumnReader
  readonly #uids: ColumnReader
  readonly #times: RisingColumnReader
  /** How many messages from the next one on tell alike. */
  #left = 0
  #nextSequence: number = NOT_TOLD
  /** The highest sequence number, 0 where none is told. */
  readonly lastSequence: number
  sequence: number = NOT_TOLD
  step = 0
  pid: number = NOT_TOLD
  uid: number = NOT_TOLD
  time: number = NOT_TOLD

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

  take(most: number): number {
    if (this.#left === 0) this.#begin()
    const count = Math.min(this.#left, most)
    this.sequence = this.#nextSequence
    this.#nextSequence += count * this.step
    this.#left -= count
    return count
  }

  #begin(): void {
    this.#nextSequence = this.#sequences.next()
    this.step = this.#sequences.step
    this.pid = this.#pids.next()
    this.uid = this.#uids.next()
    this.time = this.#times.next()
    const columns = [this.#sequences, this.#pids, this.#uids, this.#times]
    const alike = this.#times.step === 0 ? Math.min(...columns.map(({ left }) => left)) : 0
    for (const column of columns) column.skip(alike)
    this.#left = 1 + alike
  }
}
