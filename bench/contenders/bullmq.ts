import type { Setting } from '../comparison.ts'
import { type Contender, expect, nowNs, pattern } from '../contender.ts'
import { requirePeer } from '../peers.ts'
import { type RedisDurability, startRedisServer } from './redis-server.ts'

/** What is used of bullmq. */
interface Bullmq {
  Queue: new (name: string, options: { connection: Connection }) => BullmqQueue
  Worker: new (name: string, processor: null, options: { connection: Connection; autorun: false }) => BullmqWorker
}
interface Connection {
  readonly path: string
  readonly maxRetriesPerRequest: null
}
interface BullmqQueue {
  add(name: string, data: string, options: { removeOnComplete: true }): Promise<unknown>
  close(): Promise<void>
}
interface BullmqWorker {
  getNextJob(token: string): Promise<BullmqJob | undefined>
  close(): Promise<void>
}
interface BullmqJob {
  readonly data: string
  moveToCompleted(result: string, token: string, fetchNext: false): Promise<unknown>
}

const NAME = 'queue'
const TOKEN = 'bench'

/** A job added, taken and completed, one after the other, awaited; its bytes are text in JSON. */
export function bullmqPairs(sizeBytes: number, setting: Setting): Promise<Contender> {
  return bullmq(sizeBytes, setting, 'none', 1)
}

/** Such jobs, so many at a time, on a server that flushes before it answers. */
export function bullmqDurablePairs(sizeBytes: number, setting: Setting, inFlight: number): Promise<Contender> {
  return bullmq(sizeBytes, setting, 'fsync', inFlight)
}

async function bullmq(
  sizeBytes: number,
  { scratch }: Setting,
  durability: RedisDurability,
  inFlight: number,
): Promise<Contender> {
  const { Queue, Worker } = requirePeer<Bullmq>('bullmq')
  const server = await startRedisServer(scratch, durability)
  const connection = { path: server.socket, maxRetriesPerRequest: null }
  const queue = new Queue(NAME, { connection })
  const worker = new Worker(NAME, null, { connection, autorun: false })
  const sent = Buffer.from(pattern(sizeBytes)).toString('latin1')
  const pair = async () => {
    await queue.add('message', sent, { removeOnComplete: true })
    const job = await worker.getNextJob(TOKEN)
    await job?.moveToCompleted('', TOKEN, false)
    return job?.data
  }
  return {
    check: async () => expect((await pair()) === sent, 'a pair: other bytes came back'),
    time: async (count) => {
      let left = count
      const worker = async () => {
        while (left-- > 0) expect((await pair())?.length === sizeBytes, 'the length')
      }
      const start = nowNs()
      await Promise.all(Array.from({ length: inFlight }, worker))
      return (nowNs() - start) / count
    },
    close: async () => {
      await worker.close()
      await queue.close()
      await server.close()
    },
  }
}
