import type { Comparison } from '../comparison.ts'
import { bullmqDurablePairs } from '../contenders/bullmq.ts'
import { jetstreamEntries, jetstreamPairs, rawEntries } from '../contenders/jetstream.ts'
import { postgresPairs } from '../contenders/postgres.ts'
import type { Pace } from '../rounds.ts'
import { sideBySide } from '../side-by-side.ts'

const SIZE_BYTES = 200
const IN_FLIGHT = 64
/** Three servers flush on one disk: a round must be long to have many flushes. */
const PACE: Pace = { rounds: 7, warmMs: 3_000, roundMs: 700 }

/** Namespaces that machines share, on three servers of one machine. */
export const CLUSTER: readonly Comparison[] = [
  sideBySide(
    {
      name: 'jetstream-entries',
      work: '`nats:` 200 bytes sent, 8192 at a time, each on the disks of three servers and applied before it is answered',
      peer: {
        name: 'JetStream alone',
        difference:
          "The same bytes, packed the same way, published by NATS's client and acknowledged: nothing is ordered, applied or answered for each.",
      },
      unit: 'times the rate',
      requirements: ['nats-server'],
      atLeast: 0.4,
    },
    () => jetstreamEntries(),
    () => rawEntries(),
    PACE,
  ),
  sideBySide(
    {
      name: 'cluster-bullmq',
      work: `\`nats:\` ${SIZE_BYTES} bytes sent at one replica and received at another, of three, ${IN_FLIGHT} pairs at a time; each call on the disks of three servers`,
      peer: {
        name: 'bullmq on a redis-server with appendfsync always',
        difference:
          'A job added, taken and completed on one server, which flushes before it answers: its loss is the loss of the queue.',
      },
      unit: 'times the rate',
      requirements: ['nats-server', 'peers', 'redis-server'],
    },
    () => jetstreamPairs(SIZE_BYTES, IN_FLIGHT),
    (setting) => bullmqDurablePairs(SIZE_BYTES, setting, IN_FLIGHT),
    PACE,
  ),
  sideBySide(
    {
      name: 'cluster-postgres',
      work: `\`nats:\` ${SIZE_BYTES} bytes sent at one replica and received at another, of three, ${IN_FLIGHT} pairs at a time; each call on the disks of three servers`,
      peer: {
        name: 'PostgreSQL, SKIP LOCKED',
        difference:
          'A row inserted, and the oldest deleted with `FOR UPDATE SKIP LOCKED`, on a connection for each of the pairs: one server, which flushes before it answers; its loss is the loss of the queue.',
      },
      unit: 'times the rate',
      requirements: ['nats-server', 'peers', 'postgres'],
    },
    () => jetstreamPairs(SIZE_BYTES, IN_FLIGHT),
    () => postgresPairs(SIZE_BYTES, IN_FLIGHT),
    PACE,
  ),
]
