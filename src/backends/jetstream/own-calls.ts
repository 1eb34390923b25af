import { BackendError } from '../../contract/index.ts'
import type { Call, Completion, Engine, Ticket } from '../../engine/index.ts'
import { AskedCall, type Ends, type Pack, type Proposed, type ProposedCall } from './pack.ts'

/** The ticket of an acknowledgement, which is no call's. */
export const ACKNOWLEDGING: number = Number.MAX_SAFE_INTEGER
/** Of a call whose end nobody hears of. */
export const NOBODYS: Ends = { ended: () => undefined, failed: () => undefined }

type Submit = (item: ProposedCall, isPatient: boolean) => void

/** The calls of a node's session that are in the log: has them applied, and tells who hears of their ends. */
export class OwnCalls {
  readonly #submit: Submit
  /** Those that wait in the log, by the numbers of their tickets. */
  readonly #waiting = new Map<number, Ends>()
  /** The last ticket that was applied. */
  last = 0

  /** @param submit Makes a further call, unless the node has ended. */
  constructor(submit: Submit) {
    this.#submit = submit
  }

  /** Applies a pack as it was proposed. @returns How many entries it has. */
  apply(pack: Pack, engine: Engine): number {
    let entries = 0
    for (const item of pack.items) {
      if (item.look !== undefined) {
        if (!item.isGivenUp) item.look.reached()
        continue
      }
      entries++
      const { number } = item
      this.#reached(number)
      let hasEnded = false
      const entry = pack.applicable(item)
      for (const completion of engine.apply(entry).completions) {
        const { ticket } = completion
        if (ticket.session !== pack.session) continue
        if (ticket.number !== number) this.ended(completion)
        else {
          hasEnded = true
          this.#endsOf(item).ended(completion)
        }
      }
      if (!hasEnded) this.#wait(item, entry.call)
    }
    return entries
  }

  /** What waits may be made again, when the payload has long been somebody else's. */
  #wait(item: ProposedCall, call: Call): void {
    item.call = call.name === 'msgsnd' ? { ...call, mtext: call.mtext.slice() } : call
    this.#waiting.set(item.number, this.#endsOf(item))
  }

  /** A call of the session ended that had waited in the log. */
  ended(completion: Completion): void {
    const { number } = completion.ticket
    const ends = this.#waiting.get(number)
    if (ends === undefined) return
    this.#waiting.delete(number)
    ends.ended(completion)
  }

  /** Those that wait in the log. */
  waiting(): IterableIterator<[number, Ends]> {
    return this.#waiting.entries()
  }

  /** Tells how the calls ended of which only an image has come. @param packs Those that the image covers. */
  recall(session: number, packs: Iterable<Pack>, engine: Engine): void {
    for (const number of [...this.#waiting.keys()]) {
      const completion = answerOf({ session, number }, engine)
      if (completion !== undefined) this.ended(completion)
      else if (!engine.namespace.waiting.has(`${session}:${number}`)) this.#forgotten(number)
    }
    for (const pack of packs) for (const item of pack.items) this.#recall(pack, item, engine)
  }

  /** The session has ended, or the node: so have all that wait. */
  fail(error: BackendError): void {
    const lost = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const ends of lost) ends.failed(error)
  }

  #reached(number: number): void {
    if (number !== ACKNOWLEDGING) this.last = number
  }

  /** Later calls were acknowledged, and with them this one. */
  #forgotten(number: number): void {
    const ends = this.#waiting.get(number)
    this.#waiting.delete(number)
    ends?.failed(new BackendError('ERR_MSGQ_IN_DOUBT', 'this node fell behind, and how the call ended is forgotten'))
  }

  #recall(pack: Pack, item: Proposed, engine: Engine): void {
    if (item.look !== undefined) {
      if (!item.isGivenUp) item.look.reached()
      return
    }
    this.#reached(item.number)
    const ticket = { session: pack.session, number: item.number }
    const completion = answerOf(ticket, engine)
    if (completion !== undefined) this.#endsOf(item).ended(completion)
    else if (engine.namespace.waiting.has(`${ticket.session}:${ticket.number}`))
      this.#wait(item, pack.applicable(item).call)
    // Answers are kept of all that changed something: this one did not, and can as well be asked again.
    else if (!item.isGivenUp && !isNobodys(item)) {
      item.call = pack.applicable(item).call
      this.#submit(item, item.isPatient)
    }
  }

  /** Who hears of a call's end. Of what was given up, and made after all, nobody does: what it took stands again at its place. */
  #endsOf(item: ProposedCall): Ends {
    if (!item.isGivenUp) return item
    const { caller, call } = item
    if (call.name !== 'msgrcv' || !call.hold) return NOBODYS
    const ended = (completion: Completion) => {
      if (!('value' in completion)) return
      this.#submit(new AskedCall(caller, { name: 'refuse', receive: completion.ticket }, NOBODYS), true)
    }
    return { ended, failed: () => undefined }
  }
}

/** The answer that a session keeps of a call. */
function answerOf(ticket: Ticket, { namespace }: Engine): Completion | undefined {
  return namespace.sessions.get(ticket.session)?.answers.get(ticket)
}

/** The log has something else in our name: nothing is known of what we proposed. */
export function failForged(items: readonly Proposed[]): void {
  const what = 'the log has a record in the name of this node that it did not write: the call may have been made'
  const error = new BackendError('ERR_MSGQ_IN_DOUBT', what)
  for (const item of items) if (!item.isGivenUp) (item.look ?? item).failed(error)
}

function isNobodys(item: ProposedCall): boolean {
  return item instanceof AskedCall && item.ends === NOBODYS
}
