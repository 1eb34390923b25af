import { formatKey } from '../contract/index.ts'
import { type Checkpoint, type CheckpointQueue, cbytesOf, type MessageView, viewsOf } from '../engine/index.ts'
import { diffInSteps, type Image, type QueueDiff } from '../image/index.ts'
import { messageSeen, PAGE_MAX, wholeSeen } from './messages.ts'
import type { MessageSeen, WholeMessage } from './seen.ts'
import type { DiffSeen, ImageOrigin, ImageQueueSeen, ImageSeen, QueueDiffSeen } from './seen-image.ts'
import { inTurns } from './turns.ts'
import { bytesWords } from './words.ts'

/** Bytes of all images that are looked into: they are in memory whole, packed, and whoever looks has half a gigabyte. */
export const IMAGES_BYTES_MAX: number = 512 * 1024 * 1024
/** Images at a time: two to compare, and two that are kept meanwhile. */
const IMAGES_MAX = 4
/** Changes of messages that are listed of one queue; all are counted. */
const CHANGES_MAX = 200

interface Kept {
  readonly origin: ImageOrigin
  readonly name: string
  readonly checkpoint: Checkpoint
  readonly missing: readonly string[]
}

/** Images that are looked into and compared, and from which a restore can be made. Nothing of them is in the namespace. */
export class ImageShelf {
  readonly #kept = new Map<number, Kept>()
  #last = 0
  #isComparing = false

  /** @throws {RangeError} there is no room for it. */
  add(origin: ImageOrigin, name: string, { checkpoint, missing }: Pick<Image, 'checkpoint' | 'missing'>): ImageSeen {
    // Whoever looks at one instant after the other looks at one at a time.
    const past = origin === 'past' ? [...this.#kept].find(([, kept]) => kept.origin === 'past')?.[0] : undefined
    this.assertRoom(bytesOf(checkpoint), past)
    if (past !== undefined) this.#kept.delete(past)
    const image = ++this.#last
    this.#kept.set(image, { origin, name, checkpoint, missing: [...new Set(missing.map(({ field }) => field))] })
    return this.#seen(image)
  }

  /**
   * @param without An image in whose place it will be.
   * @throws {RangeError} there is no room for another image, or for one of so many bytes.
   */
  assertRoom(bytes = 0, without?: number): void {
    const others = [...this.#kept].filter(([image]) => image !== without)
    if (others.length >= IMAGES_MAX) throw new RangeError(`${IMAGES_MAX} images are open already: put one away`)
    const room = others.reduce((left, [, { checkpoint }]) => left - bytesOf(checkpoint), IMAGES_BYTES_MAX)
    if (bytes <= room) return
    const hint = others.length === 0 ? 'see msgq image' : 'put another away'
    throw new RangeError(`it has ${bytesWords(bytes)}, and there is room for ${bytesWords(room)}: ${hint}`)
  }

  /** @throws {RangeError} it was put away. */
  checkpoint(image: number): Checkpoint {
    return this.#at(image).checkpoint
  }

  all(): ImageSeen[] {
    return [...this.#kept.keys()].map((image) => this.#seen(image))
  }

  putAway(image: number): void {
    this.#kept.delete(image)
  }

  page(image: number, msqid: number, first: number, count: number): MessageSeen[] {
    return this.#some(image, msqid, first, Math.min(count, PAGE_MAX), messageSeen)
  }

  /** @throws {RangeError} there is none. */
  message(image: number, msqid: number, index: number): WholeMessage {
    const [message] = this.#some(image, msqid, index, 1, wholeSeen)
    if (message === undefined) throw new RangeError(`queue ${msqid} of the image has no message at index ${index}`)
    return message
  }

  /**
   * Compares two, while others have their turns.
   *
   * @throws {RangeError} one was put away, or two others are being compared.
   */
  async diff(before: number, after: number): Promise<DiffSeen> {
    const [old, next] = [this.checkpoint(before), this.checkpoint(after)]
    // Their messages are unpacked for it: once at a time is what memory is bounded by.
    if (this.#isComparing) throw new RangeError('two other images are being compared: try again')
    this.#isComparing = true
    try {
      const { fields, queues } = await inTurns(diffInSteps(old, next))
      return { fields, queues: queues.map(queueDiffSeen) }
    } finally {
      this.#isComparing = false
    }
  }

  #some<T>(
    image: number,
    msqid: number,
    first: number,
    count: number,
    seen: (message: MessageView, index: number) => T,
  ): T[] {
    const { messages } = this.#queue(image, msqid)
    const found: T[] = []
    let index = 0
    for (const message of viewsOf(messages)) {
      if (index >= first + count) break
      if (index >= first) found.push(seen(message, index))
      index++
    }
    return found
  }

  #queue(image: number, msqid: number): CheckpointQueue {
    const queue = this.checkpoint(image).queues.find((each) => each.msqid === msqid)
    if (queue === undefined) throw new RangeError(`the image has no queue ${msqid}`)
    return queue
  }

  #at(image: number): Kept {
    const kept = this.#kept.get(image)
    if (kept === undefined) throw new RangeError(`image ${image} was put away`)
    return kept
  }

  #seen(image: number): ImageSeen {
    const { origin, name, checkpoint, missing } = this.#at(image)
    const { time, limits, queues, waiting } = checkpoint
    return { image, origin, name, time, limits, queues: queues.map(queueSeen), waiting: waiting.length, missing }
  }
}

function bytesOf({ queues }: Checkpoint): number {
  return queues.reduce((sum, { messages }) => sum + cbytesOf(messages), 0)
}

function queueSeen({ msqid, perm, qbytes, stime, rtime, messages }: CheckpointQueue): ImageQueueSeen {
  const { key, uid, gid, mode } = perm
  return {
    msqid,
    key: formatKey(key),
    uid,
    gid,
    mode,
    qnum: messages.length,
    cbytes: cbytesOf(messages),
    qbytes,
    ...(stime !== undefined && { stime }),
    ...(rtime !== undefined && { rtime }),
  }
}

function queueDiffSeen({ change, msqid, key, fields, messages }: QueueDiff): QueueDiffSeen {
  const counts = { added: 0, taken: 0, changed: 0 }
  for (const each of messages) counts[each.change]++
  const shown = messages.slice(0, CHANGES_MAX).map(({ change, index, message }) => ({
    change,
    message: messageSeen(message, index),
  }))
  return { change, msqid, key: formatKey(key), fields, counts, messages: shown }
}
