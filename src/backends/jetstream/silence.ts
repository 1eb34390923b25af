/** After so many heartbeats of ours without one of a session it ends: outages, in which ours do not pass, do not count. */
const HEARTBEATS_MISSED = 4

/** Which sessions have not been heard for long. */
export class Silence {
  readonly #missed = new Map<number, { readonly last: number; heartbeats: number }>()

  /**
   * Looks at the sessions when a heartbeat of ours has passed through the log.
   *
   * @returns Those that have said nothing since so many of ours, in which they were to say something too.
   */
  heard(sessions: ReadonlyMap<number, { readonly last: number }>, own: number): number[] {
    const silent: number[] = []
    for (const [session, { last }] of sessions) {
      const known = this.#missed.get(session)
      if (session === own) continue
      if (known === undefined || known.last !== last) this.#missed.set(session, { last, heartbeats: 0 })
      else if (++known.heartbeats >= HEARTBEATS_MISSED) silent.push(session)
    }
    for (const session of this.#missed.keys()) if (!sessions.has(session)) this.#missed.delete(session)
    return silent
  }
}
