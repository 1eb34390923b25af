import type { SimulatedEvent } from './world.ts'

/** Events by time; of one time, in the order in which they were made. */
export class EventHeap {
  readonly #events: SimulatedEvent[] = []

  push(event: SimulatedEvent): void {
    const events = this.#events
    let at = events.length
    events.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = events[parent] as SimulatedEvent
      if (isBefore(above, event)) break
      events[at] = above
      at = parent
    }
    events[at] = event
  }

  /** The first one, taken out. */
  pop(): SimulatedEvent | undefined {
    const events = this.#events
    const first = events[0]
    const last = events.pop()
    if (first === undefined || last === undefined || events.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= events.length) break
      const right = events[child + 1]
      if (right !== undefined && isBefore(right, events[child] as SimulatedEvent)) child++
      const below = events[child] as SimulatedEvent
      if (isBefore(last, below)) break
      events[at] = below
      at = child
    }
    events[at] = last
    return first
  }
}

function isBefore(one: SimulatedEvent, other: SimulatedEvent): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order)
}
