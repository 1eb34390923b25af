import type { SimulatedProcess } from './world.ts'

/** A message that somebody sends. */
interface Sent {
  readonly queue: number
  readonly type: number
  readonly invoked: number
  /** When its sender was answered. */
  acknowledged: number | undefined
  /** `doubtful`: nobody knows whether it was sent. */
  state: 'under way' | 'acknowledged' | 'doubtful' | 'not sent'
}

/** A message that somebody received. */
interface Received {
  readonly text: string
  readonly queue: number
  readonly type: number
  readonly sequence: number
  readonly invoked: number
  readonly returned: number
  readonly by: SimulatedProcess
}

/** A receive that found nothing. */
interface Missed {
  readonly queue: number
  /** 0 for any. */
  readonly type: number
  readonly invoked: number
  readonly returned: number
}

/** What is on a queue, and whether it is hidden. */
export interface Present {
  readonly text: string
  readonly isHeld: boolean
}

/**
 * What programs were told, held against what is there: whatever breaks, a message that was acknowledged is there or was
 * received, once; what was refused never is; each type of a queue is received in the order in which it was sent.
 */
export class Account {
  readonly #sent = new Map<string, Sent>()
  readonly #received = new Map<string, Received>()
  /** Acknowledged and not received. */
  readonly #outstanding = new Set<string>()
  /** Being accepted: gone from the queue, or not yet. */
  readonly #beingTaken = new Set<string>()
  /** Shown again after they were held: others may have been received before them. */
  readonly #shownAgain = new Set<string>()
  /** Received by a program that was gone, or cut off for too long, before the queue knew of it. */
  readonly #mayComeAgain = new Set<string>()
  #receives: Received[] = []
  #misses: Missed[] = []
  readonly counts = { acknowledged: 0, received: 0, doubtful: 0, refused: 0, again: 0 }

  sending(text: string, queue: number, type: number, now: number): void {
    this.#sent.set(text, { queue, type, invoked: now, acknowledged: undefined, state: 'under way' })
  }

  sent(text: string, state: 'acknowledged' | 'doubtful' | 'not sent', now: number): void {
    const sent = this.#of(text)
    sent.state = state
    if (state === 'doubtful') this.counts.doubtful++
    if (state === 'not sent') this.counts.refused++
    if (state === 'not sent' && this.#received.has(text)) throw new Error(`${text} was refused, and received`)
    if (state !== 'acknowledged') return
    sent.acknowledged = now
    this.counts.acknowledged++
    if (!this.#received.has(text) && !this.#beingTaken.has(text)) this.#outstanding.add(text)
  }

  /** A message that is held is accepted: from now on it may be gone, and with it whoever was to have it. */
  taking(text: string): void {
    this.#beingTaken.add(text)
    this.#outstanding.delete(text)
  }

  /** The program was told that it holds the message no more, or still. */
  notTaken(text: string): void {
    this.#beingTaken.delete(text)
    if (this.#of(text).state === 'acknowledged' && !this.#received.has(text)) this.#outstanding.add(text)
  }

  received(received: Received): void {
    const { text, queue, type } = received
    const sent = this.#of(text)
    if (sent.queue !== queue || sent.type !== type) {
      throw new Error(`${text} of queue ${sent.queue}, type ${sent.type}, came from ${queue} as ${type}`)
    }
    if (sent.state === 'not sent') throw new Error(`${text} was refused, and received`)
    const before = this.#received.get(text)
    if (before !== undefined) {
      if (!this.#mayComeAgain.delete(text)) {
        const first = `by ${before.by.name} at ${(before.returned / 1000).toFixed(6)}`
        throw new Error(`${text} was received twice: ${first}, and by ${received.by.name}`)
      }
      this.counts.again++
    }
    this.counts.received++
    this.#received.set(text, received)
    this.#outstanding.delete(text)
    this.#receives.push(received)
  }

  missed(missed: Missed): void {
    this.#misses.push(missed)
  }

  /** The program that has received a message. */
  receiverOf(text: string): SimulatedProcess | undefined {
    return this.#received.get(text)?.by
  }

  /** A message that was held is seen again. @param mayComeAgain Though a program has had it. */
  shownAgain(text: string, mayComeAgain: boolean): void {
    this.#shownAgain.add(text)
    if (mayComeAgain) this.#mayComeAgain.add(text)
  }

  /** Holds it against all that is on the queues. @throws what is not as it must be. */
  check(present: readonly Present[]): void {
    const there = new Set<string>()
    for (const { text, isHeld } of present) {
      if (there.has(text)) throw new Error(`${text} is there twice`)
      there.add(text)
      if (this.#of(text).state === 'not sent') throw new Error(`${text} was refused, and is there`)
      if (isHeld || !this.#received.has(text) || this.#mayComeAgain.has(text)) continue
      throw new Error(`${text} was received, and is there for others`)
    }
    for (const text of this.#outstanding) {
      if (!there.has(text)) throw new Error(`${text} was acknowledged, and is lost`)
    }
  }

  /** Nothing is on any queue any more. */
  checkEmpty(): void {
    this.check([])
  }

  /** Looks at the order in which all was received since the last time. @throws what came too early. */
  checkOrder(): void {
    const byType = new Map<string, Received[]>()
    for (const received of this.#receives) {
      const key = `${received.queue} ${received.type}`
      const known = byType.get(key)
      if (known === undefined) byType.set(key, [received])
      else known.push(received)
    }
    for (const receives of byType.values()) {
      this.#checkReceives(receives)
      this.#checkSends(receives)
    }
    this.#checkMisses()
    this.#receives = []
    this.#misses = []
  }

  /** Who was received before another receive of the type began had been sent before it. */
  #checkReceives(receives: readonly Received[]): void {
    const inTime = inOrder(
      receives,
      ({ invoked }) => invoked,
      ({ returned }) => returned,
    )
    for (const [before, after] of inTime) {
      if (after.sequence > before.sequence || this.#shownAgain.has(after.text)) continue
      throw new Error(`${after.text} was received after ${before.text}, which was sent after it`)
    }
  }

  /** Whose send was answered before another began stands before it. */
  #checkSends(receives: readonly Received[]): void {
    const ends = ({ text }: Received) => this.#of(text).acknowledged ?? Number.POSITIVE_INFINITY
    for (const [before, after] of inOrder(receives, ({ text }) => this.#of(text).invoked, ends)) {
      if (after.sequence > before.sequence) continue
      throw new Error(`${after.text} was sent after ${before.text}, and stood before it`)
    }
  }

  /** Who found nothing was not passed over: no message that it asked for was there all the time. */
  #checkMisses(): void {
    for (const { text, queue, type, invoked } of this.#receives) {
      const since = this.#of(text).acknowledged
      if (since === undefined || this.#shownAgain.has(text) || this.#misses.length === 0) continue
      const missed = this.#misses.find(
        (miss) =>
          miss.queue === queue &&
          (miss.type === 0 || miss.type === type) &&
          miss.invoked > since &&
          miss.returned < invoked,
      )
      if (missed !== undefined) throw new Error(`${text} was there, and a receive at ${missed.returned} found nothing`)
    }
  }

  #of(text: string): Sent {
    const sent = this.#sent.get(text)
    if (sent === undefined) throw new Error(`${text} was never sent`)
    return sent
  }
}

/** Of each, the one that had the highest number of all that ended before it began. */
function inOrder(
  receives: readonly Received[],
  begins: (received: Received) => number,
  ends: (received: Received) => number,
): [before: Received, after: Received][] {
  const byEnd = receives.toSorted((one, other) => ends(one) - ends(other))
  const byBegin = receives.toSorted((one, other) => begins(one) - begins(other))
  const pairs: [Received, Received][] = []
  let highest: Received | undefined
  let next = 0
  for (const after of byBegin) {
    for (let each = byEnd[next]; each !== undefined && ends(each) < begins(after); each = byEnd[++next]) {
      if (highest === undefined || each.sequence > highest.sequence) highest = each
    }
    if (highest !== undefined && highest !== after) pairs.push([highest, after])
  }
  return pairs
}
