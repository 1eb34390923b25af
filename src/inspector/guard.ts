import crypto from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Bytes of the token and of the cookie: nobody guesses 256 bits. */
const SECRET_BYTES = 32

/** Why a request is refused, for the person who reads it. */
export type Refusal = { readonly status: 401 | 403 | 421; readonly why: string }

/**
 * Who may ask. The page shows and changes what its user may, so no other page and no other user of this machine may
 * reach it: a token that works once becomes a cookie, and what a browser says of where a request comes from must be us.
 */
export class Guard {
  readonly #hosts: ReadonlySet<string>
  readonly #cookieName: string
  readonly #session = secret()
  #token: string | undefined = secret()

  constructor(port: number) {
    this.#hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`])
    // Cookies know no port: two inspectors at once would overwrite each other's.
    this.#cookieName = `msgq-inspector-${port}`
  }

  /** The token of the first visit. */
  get token(): string {
    return this.#token ?? ''
  }

  /** The Set-Cookie header for a token that is right; it works once. */
  exchange(token: string): string | undefined {
    if (this.#token === undefined || !isSame(token, this.#token)) return undefined
    this.#token = undefined
    return `${this.#cookieName}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`
  }

  /** A name that others made point to this machine has another Host: rebinding. A request of another page has another Origin. */
  refuseOrigin({ headers, method }: IncomingMessage): Refusal | undefined {
    const { host = '', origin } = headers
    if (!this.#hosts.has(host)) return { status: 421, why: `this is not ${host}` }
    if (origin !== undefined && origin !== `http://${host}`) return { status: 403, why: 'asked by another page' }
    if (method === 'POST' && origin === undefined) return { status: 403, why: 'a call must say its Origin' }
    return undefined
  }

  refuseStranger({ headers }: IncomingMessage): Refusal | undefined {
    const cookies = (headers.cookie ?? '').split('; ')
    const [, value = ''] = cookies.map((each) => each.split('=')).find(([name]) => name === this.#cookieName) ?? []
    if (isSame(value, this.#session)) return undefined
    return {
      status: 401,
      why: 'open the link that `msgq inspect` printed; it works once, so start it again for another browser',
    }
  }
}

function secret(): string {
  return crypto.randomBytes(SECRET_BYTES).toString('base64url')
}

/** Takes the same time wherever they differ. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => crypto.createHash('sha256').update(text).digest()
  return crypto.timingSafeEqual(digest(one), digest(other))
}
