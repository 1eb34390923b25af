import { readFile } from 'node:fs/promises'
import { BackendError } from '../../contract/index.ts'
import { type NatsConnection, natsModules } from './nats-modules.ts'

export const CONNECT_MS = 5_000
/** A server that was stopped, or cut off, is left after two of these without an answer. */
const PING_MS = 500
const PINGS_MAX = 2
/**
 * A connection is given up so soon, and the next server tried; one that is slow has longer. It stays so for as long as
 * the client lives: one that came in late waits so much longer for a server that was stopped.
 */
const DIAL_MS = [1_000, 1_000, 2_000, 2_000]
/** The next server is tried at once; and where none is there, so often. */
const RECONNECT_MS = 100

export interface NatsOptions {
  /** `host:port`, one or more. */
  readonly servers: readonly string[]
  readonly user?: string
  readonly password?: string
  readonly token?: string
  /** A file of credentials, as `nsc` writes it. */
  readonly creds?: string
  /** Asks for TLS; with files of whom to trust, and of who we are. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string }
}

/** Connects to one of the servers, and to another when it is lost. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` none lets us in. */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const { connect } = natsModules()
  const servers = options.servers.join(', ')
  let given: object
  try {
    given = { ...(await credentials(options)), ...PATIENCE, ...dialling() }
  } catch (cause) {
    throw unavailable(`the credentials for ${servers} cannot be read`, cause)
  }
  for (const [index, timeout] of DIAL_MS.entries()) {
    try {
      const connection = await connect({ ...given, timeout })
      void leaveWhenStale(connection)
      return connection
    } catch (cause) {
      const isSlow = (cause as Error).name === 'TimeoutError' || (cause as Error).name === 'ConnectionError'
      if (!isSlow || index === DIAL_MS.length - 1) throw unavailable(`no NATS server lets us in at ${servers}`, cause)
    }
  }
  throw new Error('assertion: the last try returns or throws')
}

/**
 * The client (3.4.0) flushes what it has yet to send before it leaves a connection that is stale. Where the server was cut
 * off nothing can be flushed, and it would stay for as long as TCP tries, a quarter of an hour: so the socket is closed.
 */
async function leaveWhenStale(connection: NatsConnection): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'staleConnection') connection.protocol?.transport?.close?.(new Error('the server does not answer'))
  }
}

const PATIENCE = {
  // What a node announces is for others.
  noEcho: true,
  // An error is made for each request otherwise, in case that one is needed.
  noAsyncTraces: true,
  maxReconnectAttempts: -1,
  pingInterval: PING_MS,
  maxPingOut: PINGS_MAX,
}

/** A server of the client's pool, as it was when one was chosen. */
interface PooledServer {
  /** When it was dialled last, by the time of day. */
  readonly lastConnect: number
}

/**
 * How long a server is left alone after it was dialled. The client (3.4.0) goes by the time of day: where that was put
 * back it would leave all of them alone until that time comes again, a day later. Here they are dialled at once then.
 */
function dialling() {
  let lastDial = 0
  return {
    reconnectToServer: ([, ...others]: readonly PooledServer[]) => {
      lastDial = Math.max(Date.now(), ...others.map(({ lastConnect }) => lastConnect))
      // The one that is first is dialled now, as it would be without us.
      return null
    },
    reconnectDelayHandler: () =>
      lastDial > Date.now() ? Number.NEGATIVE_INFINITY : RECONNECT_MS * (1 + Math.random()),
  }
}

async function credentials({ servers, user, password, token, creds, tls }: NatsOptions): Promise<object> {
  return {
    servers: [...servers],
    name: 'msgq',
    ...(user !== undefined && { user, pass: password ?? '' }),
    ...(token !== undefined && { token }),
    ...(creds !== undefined && { authenticator: natsModules().credsAuthenticator(await readFile(creds)) }),
    ...(tls !== undefined && { tls }),
  }
}

export function unavailable(what: string, cause?: unknown): BackendError {
  const why = cause instanceof Error ? ` (${cause.message})` : ''
  return new BackendError('ERR_MSGQ_UNAVAILABLE', `${what}${why}`, { cause })
}

/** Nothing of that name: a stream, a record. */
export function isNotFound(error: unknown): boolean {
  const { code, status } = error as { readonly code?: unknown; readonly status?: unknown }
  return code === 404 || status === 404 || code === 10_059
}
