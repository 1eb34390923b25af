import type { Setting } from '../comparison.ts'
import { type Contender, expect, expectBytes, pattern } from '../contender.ts'
import { requirePeer } from '../peers.ts'
import type { Pair } from './in-flight.ts'
import { timeInFlight } from './in-flight.ts'
import { type RedisDurability, startRedisServer } from './redis-server.ts'

/** What is used of ioredis. */
interface Ioredis {
  Redis: new (options: { path: string } | { port: number; host: string }) => IoredisClient
}
interface IoredisClient {
  lpush(key: string, value: Buffer): Promise<number>
  rpopBuffer(key: string): Promise<Buffer | null>
  quit(): Promise<unknown>
}

const KEY = 'queue'

export interface IoredisWork {
  readonly durability?: RedisDurability
  /** Default `unix`. */
  readonly over?: 'tcp' | 'unix'
  /** Default: one pair after the other. */
  readonly time?: (pair: Pair, count: number) => Promise<number>
}

/** LPUSH and RPOP on a redis-server, awaited. */
export async function ioredisPairs(
  sizeBytes: number,
  { scratch }: Setting,
  { durability = 'none', over = 'unix', time = (pair, count) => timeInFlight(pair, count, 1) }: IoredisWork = {},
): Promise<Contender> {
  const { Redis } = requirePeer<Ioredis>('ioredis')
  const server = await startRedisServer(scratch, durability)
  const client = new Redis(over === 'tcp' ? { host: '127.0.0.1', port: server.port } : { path: server.socket })
  const sent = Buffer.from(pattern(sizeBytes))
  const pair: Pair = {
    send: () => client.lpush(KEY, sent),
    receive: async () => expect((await client.rpopBuffer(KEY))?.length === sizeBytes, 'the length'),
  }
  return {
    check: async () => {
      await client.lpush(KEY, sent)
      expectBytes(await client.rpopBuffer(KEY), sent, 'a pair')
      expect((await client.rpopBuffer(KEY)) === null, 'the list is empty')
    },
    time: (count) => time(pair, count),
    close: async () => {
      await client.quit()
      await server.close()
    },
  }
}
