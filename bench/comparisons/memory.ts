import { MSG_COPY } from '../../src/abi/index.ts'
import type { Comparison, Measured, Setting } from '../comparison.ts'
import { expect } from '../contender.ts'
import { EmbeddedQueue, SIZE_BYTES, TYPE_MIN } from '../contenders/embedded-queue.ts'
import { digits } from '../report.ts'

const TYPES = 100
const ROUNDS = 3
/** Steady traffic at this depth: the queue goes through many segments of its log. */
const STEADY_DEPTH = 1_000

export const MEMORY: readonly Comparison[] = [
  {
    name: 'bytes-per-message',
    work: `\`memory:\` memory of a pending 64-byte message, 1,000,000 of them, of ${TYPES} types`,
    peer: {
      name: 'none',
      difference:
        'Bytes of the whole process, garbage collected: the message, its bookkeeping, and every index that calls make.',
    },
    unit: 'bytes',
    requirements: [],
    atMost: 160,
    measure: bytesPerMessage,
  },
  {
    name: 'memory-growth',
    work: `\`memory:\` memory of the process after 10,000,000 sends and receives, ${digits(STEADY_DEPTH)} messages pending`,
    peer: { name: 'itself after 1,000,000', difference: 'The same process: what it has not given back since.' },
    unit: 'times the memory',
    requirements: [],
    measure: memoryGrowth,
  },
]

async function bytesPerMessage({ quick }: Setting): Promise<Measured> {
  const messages = quick ? 20_000 : 1_000_000
  // One goes before, and stays, so that no garbage of the filling's own code counts.
  const kept = [indexed(messages)]
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = memory()
    kept.push(indexed(messages))
    const after = memory()
    ratios.push(Math.max(after.heap - before.heap, after.resident - before.resident) / messages)
  }
  for (const queue of kept) queue.checkCount()
  return { ratios }
}

/** A queue that was asked for a message in every way that makes an index: by its place, its type, and the lowest type. */
function indexed(messages: number): EmbeddedQueue {
  const queue = new EmbeddedQueue(messages, TYPES)
  queue.receive(messages >> 1, MSG_COPY)
  for (const msgtyp of [TYPES, -TYPES]) queue.send(queue.receive(msgtyp))
  return queue
}

async function memoryGrowth({ quick }: Setting): Promise<Measured> {
  const million = quick ? 10_000 : 1_000_000
  const ratios: number[] = []
  // What Node itself grows by once is not this queue's: a first one goes before.
  sendAndReceive(new EmbeddedQueue(STEADY_DEPTH, TYPES), million)
  for (let round = 0; round < ROUNDS; round++) {
    const queue = new EmbeddedQueue(STEADY_DEPTH, TYPES)
    sendAndReceive(queue, million)
    const before = memory()
    sendAndReceive(queue, 9 * million)
    const after = memory()
    queue.checkCount()
    ratios.push(Math.max(after.heap / before.heap, after.resident / before.resident))
  }
  return { ratios }
}

function sendAndReceive(queue: EmbeddedQueue, count: number): void {
  for (let i = 0; i < count; i++) {
    // One in four is taken by its type: holes come and go.
    const message = queue.receive(i % 4 === 0 ? TYPE_MIN + (i % TYPES) : 0)
    expect(message.mtext.length === SIZE_BYTES, 'the length')
    queue.send(message)
  }
}

/** What is in use: by JavaScript, its arrays of bytes included, and by the whole process. */
function memory(): { readonly heap: number; readonly resident: number } {
  // Twice: the first finds what the second frees.
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, resident: rss }
}
