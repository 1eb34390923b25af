import type { Comparison, Peer } from '../comparison.ts'
import { bullmqPairs } from '../contenders/bullmq.ts'
import { arrayPairs, fastqPairs, messagePortPairs } from '../contenders/in-process.ts'
import { ioredisPairs } from '../contenders/ioredis.ts'
import { svmqPairs } from '../contenders/svmq.ts'
import { pair } from './pairs.ts'

const SIZE_BYTES = 64

const SVMQ: Peer = {
  name: 'svmq',
  difference: "The same kernel's queues, each call on a thread of libuv's pool. A receive does not tell the type.",
}
const ARRAY: Peer = {
  name: 'array, push and shift',
  difference: 'It does less: no receive by type, no limits, nobody can wait. The bytes are copied once, not twice.',
}
const MESSAGE_PORT: Peer = {
  name: 'worker_threads MessagePort',
  difference:
    'It does less: no receive by type, no limits. It does more: the other end may be on another thread, though here both are on one.',
}
const FASTQ: Peer = {
  name: 'fastq',
  difference: 'It does less: it hands tasks to a function, copies no bytes, and has no types and no limits.',
}
const IOREDIS: Peer = {
  name: 'ioredis, LPUSH and RPOP',
  difference:
    'It does less: no receive by type, no limits. It does more: its queues reach other machines. Nothing is written to disk.',
}
const BULLMQ: Peer = {
  name: 'bullmq, a job added, taken and completed',
  difference:
    'It does less: no receive by type, no limits. It does more: states, retries and delays, on other machines too.',
}

/** What a developer may take instead: between processes `linux:` stands beside it, within one `memory:`. */
export const ALTERNATIVES: readonly Comparison[] = [
  pair({
    name: 'kernel-pair-svmq',
    url: 'linux:',
    face: 'sync',
    sizeBytes: SIZE_BYTES,
    atLeast: 2,
    peer: SVMQ,
    requirements: ['ipc', 'peers', 'svmq'],
    makePeer: svmqPairs,
  }),
  pair({
    name: 'kernel-pair-async-svmq',
    url: 'linux:',
    face: 'async',
    sizeBytes: SIZE_BYTES,
    peer: SVMQ,
    requirements: ['ipc', 'peers', 'svmq'],
    makePeer: svmqPairs,
  }),
  pair({
    name: 'kernel-pair-ioredis',
    url: 'linux:',
    face: 'async',
    sizeBytes: SIZE_BYTES,
    peer: IOREDIS,
    requirements: ['ipc', 'peers', 'redis-server'],
    makePeer: ioredisPairs,
  }),
  pair({
    name: 'kernel-pair-bullmq',
    url: 'linux:',
    face: 'async',
    sizeBytes: SIZE_BYTES,
    peer: BULLMQ,
    requirements: ['ipc', 'peers', 'redis-server'],
    makePeer: bullmqPairs,
  }),
  pair({
    name: 'pair-array',
    url: 'memory:',
    face: 'sync',
    sizeBytes: SIZE_BYTES,
    peer: ARRAY,
    requirements: [],
    makePeer: arrayPairs,
  }),
  pair({
    name: 'pair-messageport',
    url: 'memory:',
    face: 'sync',
    sizeBytes: SIZE_BYTES,
    peer: MESSAGE_PORT,
    requirements: [],
    makePeer: messagePortPairs,
  }),
  pair({
    name: 'pair-fastq',
    url: 'memory:',
    face: 'async',
    sizeBytes: SIZE_BYTES,
    peer: FASTQ,
    requirements: ['peers'],
    makePeer: fastqPairs,
  }),
]
