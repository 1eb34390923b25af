import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { type Contender, expect, expectBytes, nowNs, pattern, timeSync } from '../contender.ts'
import { requirePeer } from '../peers.ts'

/** `push` and `shift` of an array, the bytes copied. */
export async function arrayPairs(sizeBytes: number): Promise<Contender> {
  const queue: { readonly mtype: number; readonly mtext: Uint8Array }[] = []
  const sent = pattern(sizeBytes)
  return syncPairsBy(sent, () => {
    queue.push({ mtype: 1, mtext: sent.slice() })
    return queue.shift()?.mtext
  })
}

/** `postMessage`, and `receiveMessageOnPort` on the same thread: the fastest way through a port. */
export async function messagePortPairs(sizeBytes: number): Promise<Contender> {
  const { port1, port2 } = new MessageChannel()
  const sent = pattern(sizeBytes)
  const pairs = syncPairsBy(sent, () => {
    port1.postMessage(sent)
    return receiveMessageOnPort(port2)?.message as Uint8Array | undefined
  })
  return { ...pairs, close: async () => port1.close() }
}

function syncPairsBy(sent: Uint8Array, pair: () => Uint8Array | undefined): Contender {
  return {
    check: async () => expectBytes(pair(), sent, 'a pair'),
    time: async (count) => timeSync(count, () => expect(pair()?.length === sent.length, 'the length')),
    close: async () => undefined,
  }
}

/** What is used of fastq. */
interface Fastq {
  promise(worker: (task: Uint8Array) => Promise<Uint8Array>, concurrency: number): FastqQueue
}
interface FastqQueue {
  push(task: Uint8Array): Promise<Uint8Array>
}

/** `push` of `fastq.promise`, whose worker answers at once. */
export async function fastqPairs(sizeBytes: number): Promise<Contender> {
  const fastq = requirePeer<Fastq>('fastq')
  const queue = fastq.promise(async (task) => task, 1)
  const sent = pattern(sizeBytes)
  return {
    check: async () => expectBytes(await queue.push(sent), sent, 'a pair'),
    time: async (count) => {
      const start = nowNs()
      for (let i = 0; i < count; i++) expect((await queue.push(sent)).length === sizeBytes, 'the length')
      return (nowNs() - start) / count
    },
    close: async () => undefined,
  }
}
