import type { Setting } from '../comparison.ts'
import { type Contender, expect, expectBytes, nowNs, pattern } from '../contender.ts'
import { requirePeer } from '../peers.ts'
import { startRedisServer } from './redis-server.ts'

/** What is used of ioredis. */
interface Ioredis {
  Redis: new (options: { path: string }) => IoredisClient
}
interface IoredisClient {
  lpush(key: string, value: Buffer): Promise<number>
  rpopBuffer(key: string): Promise<Buffer | null>
  quit(): Promise<unknown>
}

const KEY = 'queue'

/** LPUSH and RPOP on a redis-server, awaited. */
export async function ioredisPairs(sizeBytes: number, { scratch }: Setting): Promise<Contender> {
  const { Redis } = requirePeer<Ioredis>('ioredis')
  const server = await startRedisServer(scratch)
  const client = new Redis({ path: server.socket })
  const sent = Buffer.from(pattern(sizeBytes))
  return {
    check: async () => {
      await client.lpush(KEY, sent)
      expectBytes(await client.rpopBuffer(KEY), sent, 'a pair')
      expect((await client.rpopBuffer(KEY)) === null, 'the list is empty')
    },
    time: async (count) => {
      const start = nowNs()
      for (let i = 0; i < count; i++) {
        await client.lpush(KEY, sent)
        expect((await client.rpopBuffer(KEY))?.length === sizeBytes, 'the length')
      }
      return (nowNs() - start) / count
    },
    close: async () => {
      await client.quit()
      await server.close()
    },
  }
}
