import { createHmac, randomInt, timingSafeEqual } from 'node:crypto'
import { SECRET_BYTES, type SessionKey } from '../../../wire/index.ts'
import type { Connection } from './connection.ts'
import { SESSION_GRACE_MS, SESSIONS_MAX } from './limits.ts'
import type { Service } from './service.ts'

/** Session numbers are drawn from so many: one that has ended does not come again. */
const SESSIONS = 2 ** 48 - 1

/** A session: its connection, or since when it has none. */
interface Session {
  connection: Connection | undefined
  goneAt: number
  /** Its client has gone, and not all of its waiting calls could be ended: the disk was too full. */
  isWaiting: boolean
}

/** Since when a session has no connection whose client said that it does not come back. */
const FOR_EVER = Number.NEGATIVE_INFINITY

/**
 * The sessions of a server. A client proves that one is its own by a secret, which is computed from that of
 * the service and kept nowhere: so it holds over a restart.
 */
export class Sessions {
  readonly #service: Service
  readonly #sessions = new Map<number, Session>()

  constructor(service: Service, now: number) {
    this.#service = service
    for (const session of service.earlierSessions) {
      this.#sessions.set(session, { connection: undefined, goneAt: now, isWaiting: false })
    }
  }

  /** The connection of a session, where its client is there. */
  connectionOf(session: number): Connection | undefined {
    return this.#sessions.get(session)?.connection
  }

  /** Opens a session for a connection. @throws as `Service.open`. */
  async open(connection: Connection): Promise<SessionKey> {
    const { peer } = connection
    if (this.#sessions.size >= SESSIONS_MAX) this.#endOldest()
    let session = randomInt(1, SESSIONS)
    while (this.#sessions.has(session)) session = randomInt(1, SESSIONS)
    this.#sessions.set(session, { connection, goneAt: 0, isWaiting: false })
    try {
      await this.#service.open(session, peer)
    } catch (error) {
      this.#sessions.delete(session)
      throw error
    }
    return { session, secret: this.#secretOf(session, peer.uid) }
  }

  /** Goes on with a session, if it is there and the key is its own. A connection that still has it is let go. */
  resume(connection: Connection, { session, secret }: SessionKey): boolean {
    const known = this.#sessions.get(session)
    if (known === undefined || !timingSafeEqual(this.#secretOf(session, connection.peer.uid), secret)) return false
    const before = known.connection
    if (before !== undefined) {
      known.connection = undefined
      before.destroy()
      this.#service.interruptAll(session)
    }
    // What still waits then goes on: its client asks for it under the same ticket.
    known.isWaiting = false
    known.connection = connection
    return true
  }

  /** A connection has ended: as a process that is dead waits for nothing, its calls end. What it held it may come back for. */
  leave(connection: Connection, now: number): void {
    const { session } = connection
    const known = session === undefined ? undefined : this.#sessions.get(session)
    if (session === undefined || known?.connection !== connection) return
    known.connection = undefined
    known.goneAt = now
    known.isWaiting = !this.#service.interruptAll(session)
  }

  /** The client has said that it will not come back. On a disk that is too full for that it is tried again by `expire`. */
  end(session: number): void {
    const known = this.#sessions.get(session)
    if (known === undefined) return
    known.connection = undefined
    known.goneAt = FOR_EVER
    if (this.#service.expire(session)) this.#sessions.delete(session)
  }

  /** Ends the sessions whose clients were away too long, and what of others a full disk left undone. */
  expire(now: number): void {
    for (const [session, known] of this.#sessions) {
      const { connection, goneAt, isWaiting } = known
      if (connection !== undefined) continue
      if (now - goneAt >= SESSION_GRACE_MS) this.end(session)
      else if (isWaiting) known.isWaiting = !this.#service.interruptAll(session)
    }
  }

  /** Who connects again and again leaves no more behind than that. */
  #endOldest(): void {
    for (const [session, { connection }] of this.#sessions) if (connection === undefined) return this.end(session)
  }

  #secretOf(session: number, uid: number): Uint8Array {
    return createHmac('sha256', this.#service.secret).update(`${session}:${uid}`).digest().subarray(0, SECRET_BYTES)
  }
}
