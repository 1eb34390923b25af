import { MessageLog } from './message-log.ts'
import type { MessageView, PackedMessages, PlainMessage, Told } from './packed-messages.ts'

/** Packs messages as a queue keeps them, oldest first: a namespace that they are restored into takes them as they are. */
export class MessagePacker {
  readonly #log = new MessageLog()
  #cbytes = 0
  #told: { -readonly [Field in keyof Told]: number } = { sequence: 0, sender: 0, time: 0 }

  get length(): number {
    return this.#log.count
  }

  /**
   * @param message Its bytes are copied. Its type must be 1 or more, its sequence number above the one before it, its
   *   time and ids in their ranges: whoever packs has checked it.
   */
  append(message: MessageView): void {
    const { start = 0, end = message.mtext.length, sequence, sender, time } = message
    if (sequence !== undefined) this.#told.sequence++
    if (sender !== undefined) this.#told.sender++
    if (time !== undefined) this.#told.time++
    this.#cbytes += end - start
    this.#log.appendView(message)
  }

  /** As `append`, without an object or a box for what one message tells. */
  appendPlain(message: PlainMessage): void {
    const told = this.#told
    if (message.sequence >= 0) told.sequence++
    if (message.pid >= 0) told.sender++
    if (message.time >= 0) told.time++
    this.#cbytes += message.end - message.start
    this.#log.appendPlain(message)
  }

  /** Takes messages that are packed, without a copy: there are none yet. */
  take(messages: PackedMessages): void {
    this.#log.take(messages)
    this.#cbytes = messages.cbytes
    this.#told = { ...messages.told }
  }

  /** The messages so far. */
  packed(): PackedMessages {
    return this.#log.share(this.#cbytes, { ...this.#told })
  }
}
