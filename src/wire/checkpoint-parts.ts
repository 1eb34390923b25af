import type { Checkpoint, CheckpointHeader, CheckpointMessage, CheckpointQueue, WaitingCall } from '../engine/index.ts'
import { PART_BYTES } from './limits.ts'
import type { CheckpointPart } from './server-frames.ts'

/** What a queue, a message and a waiting call cost beside their payloads, about. */
const QUEUE_BYTES = 100
const MESSAGE_BYTES = 40
const WAITING_BYTES = 60

/** A checkpoint in parts, each small enough for a frame. */
export function* checkpointParts({ queues, waiting, ...header }: Checkpoint): Generator<CheckpointPart> {
  yield { part: 'header', header }
  for (const chunk of queueChunks(queues)) yield { part: 'queues', queues: chunk }
  yield* waitingParts(waiting)
}

/** Waiting calls in parts. */
export function* waitingParts(waiting: Iterable<WaitingCall>): Generator<CheckpointPart> {
  let part: WaitingCall[] = []
  let sizeBytes = 0
  for (const each of waiting) {
    const cost = WAITING_BYTES + each.caller.groups.length * 5 + ('mtext' in each.call ? each.call.mtext.length : 0)
    if (sizeBytes > 0 && sizeBytes + cost > PART_BYTES) {
      yield { part: 'waiting', waiting: part }
      part = []
      sizeBytes = 0
    }
    part.push(each)
    sizeBytes += cost
  }
  if (part.length > 0) yield { part: 'waiting', waiting: part }
}

/** Queues in chunks for `restoreChunk`: one that is cut goes on in the next, with the same fields and further messages. */
export function* queueChunks(queues: Iterable<CheckpointQueue>): Generator<readonly CheckpointQueue[]> {
  let chunk: CheckpointQueue[] = []
  let sizeBytes = 0
  for (const queue of queues) {
    let messages: CheckpointMessage[] = []
    for (const message of queue.messages) {
      const cost = MESSAGE_BYTES + message.mtext.length
      if (sizeBytes > 0 && sizeBytes + cost > PART_BYTES) {
        if (messages.length > 0) chunk.push({ ...queue, messages })
        yield chunk
        chunk = []
        messages = []
        sizeBytes = 0
      }
      messages.push(message)
      sizeBytes += cost
    }
    if (messages.length > 0 || queue.messages.length === 0) chunk.push({ ...queue, messages })
    sizeBytes += QUEUE_BYTES
  }
  if (chunk.length > 0) yield chunk
}

/** Puts a checkpoint together of its parts. */
export class CheckpointBuilder {
  #header: CheckpointHeader | undefined
  readonly #queues = new Map<number, CheckpointQueue & { readonly messages: CheckpointMessage[] }>()
  readonly #waiting: WaitingCall[] = []

  add(part: CheckpointPart): void {
    switch (part.part) {
      case 'header':
        this.#header = part.header
        return
      case 'queues':
        for (const queue of part.queues) this.#addQueue(queue)
        return
      case 'waiting':
        for (const waiting of part.waiting) this.#waiting.push(waiting)
        return
    }
  }

  /** The list of waiting calls alone. */
  get waiting(): readonly WaitingCall[] {
    return this.#waiting
  }

  /** The whole checkpoint, or `undefined` when its header never came. */
  finish(): Checkpoint | undefined {
    if (this.#header === undefined) return undefined
    return { ...this.#header, queues: [...this.#queues.values()], waiting: this.#waiting }
  }

  #addQueue(queue: CheckpointQueue): void {
    const known = this.#queues.get(queue.msqid)
    if (known === undefined) this.#queues.set(queue.msqid, { ...queue, messages: [...queue.messages] })
    else for (const message of queue.messages) known.messages.push(message)
  }
}
