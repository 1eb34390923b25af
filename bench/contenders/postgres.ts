import { type Contender, expect, expectBytes, pattern } from '../contender.ts'
import { requirePeer } from '../peers.ts'
import { timeInFlight } from './in-flight.ts'
import { startPostgres } from './postgres-server.ts'

/** What is used of pg. */
interface Pg {
  Pool: new (options: { host: string; user: string; database: string; max: number }) => Pool
}
interface Pool {
  query(query: {
    name?: string
    text: string
    values?: readonly unknown[]
  }): Promise<{ readonly rows: readonly { body: Uint8Array }[] }>
  end(): Promise<void>
}

const TABLE = 'CREATE TABLE queue (id bigserial PRIMARY KEY, body bytea NOT NULL)'
const SEND = 'INSERT INTO queue (body) VALUES ($1)'
/** The oldest that nobody else is taking: as PostgreSQL's manual has it for "a queue-like table". */
const RECEIVE = `DELETE FROM queue WHERE id = (
  SELECT id FROM queue ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1
) RETURNING body`

/** Rows put into a table and taken out, so many at a time, each on a connection of its own, by prepared statements. */
export async function postgresPairs(sizeBytes: number, inFlight: number): Promise<Contender> {
  const { Pool } = requirePeer<Pg>('pg')
  const server = await startPostgres(inFlight)
  const pool = new Pool({ host: server.host, user: server.user, database: 'postgres', max: inFlight })
  await pool.query({ text: TABLE })
  const body = Buffer.from(pattern(sizeBytes))
  const receive = async () => (await pool.query({ name: 'receive', text: RECEIVE, values: [] })).rows[0]?.body
  const pair = {
    send: () => pool.query({ name: 'send', text: SEND, values: [body] }),
    // Each was sent before: who finds none looked while all were being taken by others, and looks again.
    receive: async () => {
      let received = await receive()
      while (received === undefined) received = await receive()
      expect(received.length === sizeBytes, 'the length')
    },
  }
  return {
    check: async () => {
      await pair.send()
      expectBytes(await receive(), body, 'a pair')
    },
    time: (count) => timeInFlight(pair, count, inFlight),
    close: async () => {
      await pool.end()
      await server.close()
    },
  }
}
