import type { Setting } from '../comparison.ts'
import { type Contender, expect, nowNs, pattern } from '../contender.ts'
import { requirePeer } from '../peers.ts'
import { startRedisServer } from './redis-server.ts'

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

/** A job added, taken and completed, awaited; its bytes are text in JSON. */
export async function bullmqPairs(sizeBytes: number, { scratch }: Setting): Promise<Contender> {
  const { Queue, Worker } = requirePeer<Bullmq>('bullmq')
  const server = await startRedisServer(scratch)
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
      const start = nowNs()
      for (let i = 0; i < count; i++) expect((await pair())?.length === sizeBytes, 'the length')
      return (nowNs() - start) / count
    },
    close: async () => {
      await worker.close()
      await queue.close()
      await server.close()
    },
  }
}
