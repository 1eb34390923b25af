import { IPC_RMID, IPC_SET, IPC_STAT } from '../../src/abi/index.ts'
import { type IpcNamespace, openNamespace } from '../../src/index.ts'
import { encodeEntry } from '../../src/wire/index.ts'
import { NatsCluster } from '../../test/jetstream/nats-cluster.ts'
import { RawStream } from '../../test/jetstream/raw-stream.ts'
import { type Contender, expect, expectBytes, nowNs, pattern } from '../contender.ts'
import { timeInFlight } from './in-flight.ts'

const SIZE_BYTES = 200
/** What a node packs into a record, and has under way. Source: src/backends/jetstream/proposer.ts. */
const ENTRIES_A_RECORD = 512
const RECORDS_IN_FLIGHT = 16
/** What stands before each entry of a record, and before them all. */
const ENTRY_HEADER_BYTES = 4
const RECORD_HEADER_BYTES = 19
const ROOM_BYTES = 2 ** 31 - 1

/** Sends of 200 bytes, each answered when it is in the log of three servers that flush, and applied. */
export async function jetstreamEntries(): Promise<Contender> {
  const cluster = await NatsCluster.start(3)
  const namespace = await openNamespace(cluster.url('bench'))
  await namespace.setLimits({ msgmnb: ROOM_BYTES })
  const message = { mtype: 1, mtext: pattern(SIZE_BYTES) }
  return {
    check: async () => {
      const msqid = await newQueue(namespace)
      await namespace.msgsnd(msqid, message, 0)
      expectBytes((await namespace.msgrcv(msqid, SIZE_BYTES, 0, 0)).mtext, message.mtext, 'a message')
      await namespace.msgctl(msqid, IPC_RMID)
    },
    time: async (count) => {
      const msqid = await newQueue(namespace)
      let left = count
      const sender = async () => {
        while (left-- > 0) await namespace.msgsnd(msqid, message, 0)
      }
      const start = nowNs()
      const senders = Math.min(count, ENTRIES_A_RECORD * RECORDS_IN_FLIGHT)
      await Promise.all(Array.from({ length: senders }, sender))
      const each = (nowNs() - start) / count
      expect((await namespace.msgctl(msqid, IPC_STAT)).qnum === count, 'all of them')
      await namespace.msgctl(msqid, IPC_RMID)
      return each
    },
    close: async () => {
      await namespace.close()
      await cluster[Symbol.asyncDispose]()
    },
  }
}

/** The same bytes, packed the same way, published to a stream of the same kind by NATS's own client. */
export async function rawEntries(): Promise<Contender> {
  const cluster = await NatsCluster.start(3)
  const stream = await RawStream.open(cluster.servers[0] ?? '', 'bench')
  const caller = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }
  const call = { name: 'msgsnd', msqid: 0, mtype: 1, mtext: pattern(SIZE_BYTES), msgflg: 0 } as const
  const entry = encodeEntry({ ticket: { session: 2 ** 47, number: 2 ** 20 }, now: Date.now(), caller, call })
  const entryBytes = entry.length + ENTRY_HEADER_BYTES
  return {
    check: async () => expect((await stream.publish(new Uint8Array(entryBytes))) > 0, 'a place in the stream'),
    time: async (count) => {
      let left = count
      const publisher = async () => {
        while (left > 0) {
          const entries = Math.min(left, ENTRIES_A_RECORD)
          left -= entries
          await stream.publish(new Uint8Array(RECORD_HEADER_BYTES + entries * entryBytes))
        }
      }
      const start = nowNs()
      await Promise.all(Array.from({ length: RECORDS_IN_FLIGHT }, publisher))
      return (nowNs() - start) / count
    },
    close: async () => {
      await stream.close()
      await cluster[Symbol.asyncDispose]()
    },
  }
}

/** Messages sent, and received, at three replicas on three servers that flush, so many at a time. */
export async function jetstreamPairs(sizeBytes: number, inFlight: number): Promise<Contender> {
  const cluster = await NatsCluster.start(3)
  const namespaces = await Promise.all([0, 1, 2].map((server) => openNamespace(cluster.url('pairs', server))))
  const [first, second] = namespaces
  if (first === undefined || second === undefined) throw new Error('assertion: three were opened')
  const msqid = await first.msgget(0, 0o600)
  const message = { mtype: 1, mtext: pattern(sizeBytes) }
  const pair = {
    send: () => first.msgsnd(msqid, message, 0),
    receive: async () => expect((await second.msgrcv(msqid, sizeBytes, 0, 0)).mtext.length === sizeBytes, 'the length'),
  }
  return {
    check: async () => {
      await pair.send()
      expectBytes((await second.msgrcv(msqid, sizeBytes, 0, 0)).mtext, message.mtext, 'a pair')
    },
    time: (count) => timeInFlight(pair, count, inFlight),
    close: async () => {
      await Promise.all(namespaces.map((namespace) => namespace.close()))
      await cluster[Symbol.asyncDispose]()
    },
  }
}

async function newQueue(namespace: IpcNamespace): Promise<number> {
  const msqid = await namespace.msgget(0, 0o600)
  const { perm } = await namespace.msgctl(msqid, IPC_STAT)
  await namespace.msgctl(msqid, IPC_SET, { perm, qbytes: ROOM_BYTES })
  return msqid
}
