import { IPC_NOWAIT, IPC_PRIVATE, IPC_RMID } from '../../src/abi/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { bytes, MessageQueue } from '../../src/queue/index.ts'
import { type Contender, expect, expectBytes, nowNs, pattern, timeSync } from '../contender.ts'

/** The namespaces that are measured. */
export type PairUrl = 'memory:' | 'linux:'

/** Send and receive by the synchronous calls. */
export async function syncPairs(url: PairUrl, sizeBytes: number): Promise<Contender> {
  const namespace = await openNamespace(url)
  const { sync } = namespace
  const msqid = sync.msgget(IPC_PRIVATE, 0o600)
  const message = { mtype: 1, mtext: pattern(sizeBytes) }
  return {
    check: async () => {
      sync.msgsnd(msqid, { mtype: 7, mtext: message.mtext }, IPC_NOWAIT)
      const received = sync.msgrcv(msqid, sizeBytes, 7, IPC_NOWAIT)
      expect(received.mtype === 7, 'the type')
      expectBytes(received.mtext, message.mtext, 'a pair')
    },
    time: async (count) =>
      timeSync(count, () => {
        sync.msgsnd(msqid, message, IPC_NOWAIT)
        expect(sync.msgrcv(msqid, sizeBytes, 0, IPC_NOWAIT).mtext.length === sizeBytes, 'the length')
      }),
    close: async () => {
      sync.msgctl(msqid, IPC_RMID)
      await namespace.close()
    },
  }
}

/** Send and receive by `MessageQueue`, awaited. */
export async function asyncPairs(url: PairUrl, sizeBytes: number): Promise<Contender> {
  const namespace = await openNamespace(url)
  const queue = await MessageQueue.temporary(namespace, bytes)
  const sent = pattern(sizeBytes)
  return {
    check: async () => {
      await queue.send(sent, { type: 7 })
      const received = await queue.receive({ type: 7 })
      expect(received.type === 7, 'the type')
      expectBytes(received.payload, sent, 'a pair')
    },
    time: async (count) => {
      const start = nowNs()
      for (let i = 0; i < count; i++) {
        await queue.send(sent)
        expect((await queue.receive()).payload.length === sizeBytes, 'the length')
      }
      return (nowNs() - start) / count
    },
    close: async () => {
      await queue.remove()
      await namespace.close()
    },
  }
}

/**
 * What no pair of synchronous calls can do without, whatever the engine: the time of each of the two calls, the bytes
 * copied in, and a new array of them for the receiver.
 */
export async function pairFloor(sizeBytes: number): Promise<Contender> {
  const sent = pattern(sizeBytes)
  const queue = new Uint8Array(2 * sizeBytes)
  const pair = (): Uint8Array => {
    const stime = Date.now()
    queue.set(sent, sizeBytes)
    const rtime = Date.now()
    expect(rtime >= stime, 'the clock')
    return queue.slice(sizeBytes, 2 * sizeBytes)
  }
  return {
    check: async () => expectBytes(pair(), sent, 'a pair'),
    time: async (count) => timeSync(count, () => expect(pair().length === sizeBytes, 'the length')),
    close: async () => undefined,
  }
}
