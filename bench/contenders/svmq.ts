import { promisify } from 'node:util'
import { type Contender, expect, expectBytes, nowNs, pattern } from '../contender.ts'
import { requirePeer } from '../peers.ts'

/** What is used of svmq. */
interface Svmq {
  open(key: number): SvmqQueue
}
interface SvmqQueue {
  push(data: Buffer, done: (error: Error | null) => void): void
  pop(done: (error: Error | null, data?: Buffer) => void): void
  close(): boolean
}

/** Any key: the IPC namespace is this process's own. */
const KEY = 0x5b3c

/** `push` and `pop`, awaited: it has no synchronous calls. */
export async function svmqPairs(sizeBytes: number): Promise<Contender> {
  const queue = requirePeer<Svmq>('svmq').open(KEY)
  const sent = Buffer.from(pattern(sizeBytes))
  const push = promisify<Buffer, void>((data, done) => queue.push(data, done))
  const pop = promisify<Buffer>((done) => queue.pop((error, data) => done(error, data as Buffer)))
  return {
    check: async () => {
      await push(sent)
      expectBytes(await pop(), sent, 'a pair')
    },
    time: async (count) => {
      const start = nowNs()
      for (let i = 0; i < count; i++) {
        await push(sent)
        expect((await pop()).length === sizeBytes, 'the length')
      }
      return (nowNs() - start) / count
    },
    close: async () => {
      queue.close()
    },
  }
}
