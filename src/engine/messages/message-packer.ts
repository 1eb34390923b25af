import { MessageLog } from './message-log.ts'
import type { MessageView, PackedMessages, Told } from './packed-messages.ts'
import type { PlainMessages, ToldAlike } from './plain-messages.ts'

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

  /** As `append`, of the messages from one index on up to another, which tell alike. */
  appendPlain(messages: PlainMessages, from: number, to: number, alike: ToldAlike): void {
    if (alike.sequence >= 0) this.#told.sequence += to - from
    if (alike.pid >= 0) this.#told.sender += to - from
    if (alike.time >= 0) this.#told.time += to - from
    this.#cbytes += this.#log.appendPlain(messages, from, to, alike)
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
