import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { IPC_CREAT, IPC_EXCL, IPC_NOWAIT, type Long, type Msgbuf, readLong } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import { packageDirectory } from '../package.ts'

/** A queue of the tour, and the file that fills it. */
interface ExampleQueue {
  readonly name: string
  readonly key: number
  readonly mode: number
  readonly file: string
  messages(content: Buffer): Msgbuf[]
}

/** A reading: the thermometer's 64-bit number, then a time and a temperature of 4 bytes each, little-endian. */
const READING_BYTES = 16
const THERMOMETER_BYTES = 8

/** The keys are the names' own letters. */
export const EXAMPLE_QUEUES: readonly ExampleQueue[] = [
  {
    name: 'orders',
    key: 0x4f524452,
    mode: 0o600,
    file: 'orders.ndjson',
    // The most urgent order has the lowest type, so that a receive with atMost finds it first.
    messages: (content) =>
      linesOf(content).map((line) => message((JSON.parse(line) as { priority: number }).priority, Buffer.from(line))),
  },
  {
    name: 'alerts',
    key: 0x414c5254,
    mode: 0o644,
    file: 'alerts.txt',
    messages: (content) => linesOf(content).map((line) => message(Number(line[1]), Buffer.from(line.slice(4)))),
  },
  {
    name: 'readings',
    key: 0x52454144,
    mode: 0o640,
    file: 'readings.bin',
    // A device's number is a message type, exact up to 2^63-1.
    messages: (content) =>
      Array.from({ length: content.length / READING_BYTES }, (_, index) => {
        const reading = content.subarray(index * READING_BYTES, (index + 1) * READING_BYTES)
        const view = new DataView(reading.buffer, reading.byteOffset, reading.byteLength)
        return message(readLong(view, 0), reading.subarray(THERMOMETER_BYTES))
      }),
  },
]

/** The messages of one queue of the tour, from its file in the installed package. */
export function exampleMessages({ file, messages }: ExampleQueue): Msgbuf[] {
  return messages(readFileSync(join(packageDirectory(), 'examples', file)))
}

/** Makes the queues of the tour and fills them. @returns Their ids, in the order of `EXAMPLE_QUEUES`. */
export async function fillQueues(namespace: IpcNamespace): Promise<number[]> {
  const msqids: number[] = []
  for (const queue of EXAMPLE_QUEUES) {
    const msqid = await namespace.msgget(queue.key, IPC_CREAT | IPC_EXCL | queue.mode)
    for (const each of exampleMessages(queue)) await namespace.msgsnd(msqid, each, IPC_NOWAIT)
    msqids.push(msqid)
  }
  return msqids
}

function linesOf(content: Buffer): string[] {
  return content.toString('utf8').trimEnd().split('\n')
}

function message(mtype: Long, mtext: Uint8Array): Msgbuf {
  return { mtype, mtext }
}
