import { IPC_NOWAIT, IPC_PRIVATE, IPC_RMID } from '../../src/abi/index.ts'
import { linuxCalls } from '../../src/linux/index.ts'
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
 * What no pair can do without, whatever the engine: the time of each of the two calls, the bytes copied in, and a new
 * array of them for the receiver.
 */
class Slot {
  readonly #bytes: Uint8Array
  #time = 0

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(2 * sizeBytes)
  }

  send(sent: Uint8Array): void {
    this.#time = Date.now()
    this.#bytes.set(sent, sent.length)
  }

  receive(): Uint8Array {
    expect(Date.now() >= this.#time, 'the clock')
    return this.#bytes.slice(this.#bytes.length / 2)
  }
}

/** No queue, by synchronous calls. */
export async function pairFloor(sizeBytes: number): Promise<Contender> {
  const sent = pattern(sizeBytes)
  const slot = new Slot(sizeBytes)
  const pair = (): Uint8Array => {
    slot.send(sent)
    return slot.receive()
  }
  return {
    check: async () => expectBytes(pair(), sent, 'a pair'),
    time: async (count) => timeSync(count, () => expect(pair().length === sizeBytes, 'the length')),
    close: async () => undefined,
  }
}

/** No queue, by calls that give promises: each is one async function, which waits for nothing. */
export async function asyncPairFloor(sizeBytes: number): Promise<Contender> {
  const sent = pattern(sizeBytes)
  const slot = new Slot(sizeBytes)
  const send = async (): Promise<void> => slot.send(sent)
  const receive = async (): Promise<Uint8Array> => slot.receive()
  return {
    check: async () => {
      await send()
      expectBytes(await receive(), sent, 'a pair')
    },
    time: async (count) => {
      const start = nowNs()
      for (let i = 0; i < count; i++) {
        await send()
        expect((await receive()).length === sizeBytes, 'the length')
      }
      return (nowNs() - start) / count
    },
    close: async () => undefined,
  }
}

/** The kernel's two calls out of JavaScript and back, into the same bytes again and again. */
export async function kernelPairFloor(sizeBytes: number): Promise<Contender> {
  const linux = linuxCalls()
  const msqid = linux.msgget(IPC_PRIVATE, 0o600)
  const typeBytes = 8
  const bytes = new Uint8Array(typeBytes + sizeBytes)
  bytes[0] = 1
  const sent = pattern(sizeBytes)
  bytes.set(sent, typeBytes)
  const address = linux.addressOf(bytes)
  const pair = (): number => {
    expect(linux.msgsnd(msqid, address, sizeBytes, IPC_NOWAIT) === 0, 'a send')
    return linux.msgrcv(msqid, address, sizeBytes, 0, IPC_NOWAIT)
  }
  return {
    check: async () => {
      expect(pair() === sizeBytes, 'the length')
      expectBytes(bytes.subarray(typeBytes), sent, 'a pair')
    },
    time: async (count) => timeSync(count, () => expect(pair() === sizeBytes, 'the length')),
    close: async () => void linux.msgctl(msqid, IPC_RMID, null),
  }
}
