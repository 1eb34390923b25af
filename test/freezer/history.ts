/** Calls in the order in which one process made them: message by message, with the time before and after the call. */
export interface Calls {
  readonly sender: Float64Array
  readonly type: Float64Array
  readonly number: Float64Array
  /** CLOCK_MONOTONIC, seconds. */
  readonly before: Float64Array
  readonly after: Float64Array
}

/** Everything that was sent to a queue and taken from it, as the processes wrote it down. */
export interface History {
  /** By sender; its messages are numbered from 0. */
  readonly sent: ReadonlyMap<number, Calls>
  /** By type: one process takes all of a type, oldest first, and so in the order in which they stood on the queue. */
  readonly received: ReadonlyMap<number, Calls>
}

/** What a checkpoint showed, with the time before and after it, on the same clock. */
export interface Picture {
  readonly messages: readonly PictureMessage[]
  readonly before: number
  readonly after: number
}

export interface PictureMessage {
  readonly type: number
  readonly sender: number
  readonly number: number
}

/** From when to when something may have been so. */
interface Span {
  readonly from: number
  readonly to: number
}

/** Every message that was sent was received, once, as it was sent. @returns What is wrong. */
export function lostOrDoubled({ sent, received }: History): string[] {
  const wrong: string[] = []
  for (const [sender, calls] of sent) {
    const times = new Uint8Array(calls.number.length)
    for (const [type, taken] of received) {
      for (let at = 0; at < taken.number.length; at++) {
        if (taken.sender[at] !== sender) continue
        const number = taken.number[at] ?? Number.NaN
        if (calls.type[number] !== type) wrong.push(`${sender}.${number} was not sent with type ${type}`)
        times[number] = (times[number] ?? 0) + 1
      }
    }
    times.forEach((count, number) => {
      if (count !== 1) wrong.push(`${sender}.${number} was received ${count} times`)
    })
  }
  return wrong
}

/** Judges pictures by what really happened. */
export class Judge {
  readonly #history: History
  /** Where a message stands among those of its type: by sender, by number. */
  readonly #places = new Map<number, Float64Array>()

  constructor(history: History) {
    this.#history = history
    for (const [sender, { number }] of history.sent) this.#places.set(sender, new Float64Array(number.length).fill(-1))
    for (const { sender, number } of history.received.values()) {
      number.forEach((each, at) => {
        const places = this.#places.get(sender[at] ?? -1)
        if (places !== undefined) places[each] = at
      })
    }
  }

  /**
   * Whether there was a moment, during the checkpoint, at which the queue held exactly this.
   *
   * Of each type the queue holds, at any moment, a run of the messages of that type without a gap: those that were sent
   * and not yet received. So each type's messages in the picture must be such a run; there must have been a moment
   * between the sending of its last and of the one after it, and between the receiving of the one before its first and
   * of its first; and that moment must be the same for both types. A time that is not known exactly (a call takes a
   * while) counts in the picture's favour.
   *
   * @returns Why not; `undefined` when there was.
   */
  fault(picture: Picture): string | undefined {
    const backwards = this.#backwards(picture)
    if (backwards !== undefined) return backwards
    let span: Span = { from: picture.before, to: picture.after }
    const empty: Calls[] = []
    for (const [type, order] of this.#history.received) {
      const shown = picture.messages.filter((message) => message.type === type)
      if (shown.length === 0) {
        empty.push(order)
        continue
      }
      const places = shown.map(({ sender, number }) => this.#places.get(sender)?.[number] ?? -1)
      const first = places[0] ?? -1
      const gap = places.findIndex((place, at) => place !== first + at || place < 0)
      if (gap >= 0) return `type ${type}: ${nameOf(shown[gap])} is not the one after ${nameOf(shown[gap - 1])}`
      span = common(span, this.#span(order, first, shown.length))
      if (span.from > span.to) return `type ${type}: ${nameOf(shown[0])} to ${nameOf(shown.at(-1))} never stood alone`
    }
    if (empty.every((order) => this.#wasEmpty(order, span))) return undefined
    return 'messages of a type that the picture does not show stood on the queue all the time'
  }

  /** What one sender sent stands in the order in which it was sent, whatever the type. */
  #backwards({ messages }: Picture): string | undefined {
    const last = new Map<number, number>()
    for (const message of messages) {
      if (message.number <= (last.get(message.sender) ?? -1)) return `${nameOf(message)} stands too late`
      last.set(message.sender, message.number)
    }
    return undefined
  }

  /** When a type's run of messages was all that stood of it: `length` of them from `first` on. */
  #span(order: Calls, first: number, length: number): Span {
    return {
      from: Math.max(this.#sent(order, first + length - 1).from, this.#taken(order, first - 1).from),
      to: Math.min(this.#sent(order, first + length).to, this.#taken(order, first).to),
    }
  }

  #wasEmpty(order: Calls, span: Span): boolean {
    for (let place = this.#firstAfter(order, span.from); place <= order.number.length; place++) {
      const { from, to } = common(span, this.#span(order, place, 0))
      if (from <= to) return true
      if (this.#taken(order, place - 1).from > span.to) return false
    }
    return false
  }

  /** The first place whose message was received after a time. */
  #firstAfter(order: Calls, time: number): number {
    let [low, high] = [0, order.number.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#taken(order, middle).to < time) low = middle + 1
      else high = middle
    }
    return low
  }

  /** When the message at a place was sent, at the earliest and the latest. Before the first is always; after the last never. */
  #sent(order: Calls, place: number): Span {
    if (place < 0) return { from: Number.NEGATIVE_INFINITY, to: Number.NEGATIVE_INFINITY }
    const calls = this.#history.sent.get(order.sender[place] ?? -1)
    const number = order.number[place] ?? -1
    return {
      from: calls?.before[number] ?? Number.POSITIVE_INFINITY,
      to: calls?.after[number] ?? Number.POSITIVE_INFINITY,
    }
  }

  /** When it was received; not before it was sent. */
  #taken(order: Calls, place: number): Span {
    const sent = this.#sent(order, place)
    if (place < 0 || place >= order.number.length) return sent
    return { from: Math.max(order.before[place] ?? 0, sent.from), to: order.after[place] ?? Number.POSITIVE_INFINITY }
  }
}

function common(a: Span, b: Span): Span {
  return { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) }
}

function nameOf(message: PictureMessage | undefined): string {
  return message === undefined ? 'nothing' : `${message.sender}.${message.number}`
}
