import type { Comparison, Peer, Setting } from '../comparison.ts'
import type { Contender } from '../contender.ts'
import { daemonPairs } from '../contenders/daemon.ts'
import { echoPairs } from '../contenders/echo.ts'
import { type Pair, timeInFlight, timeMedianCall } from '../contenders/in-flight.ts'
import { ioredisPairs } from '../contenders/ioredis.ts'
import { sideBySide } from '../side-by-side.ts'

const SIZE_BYTES = 64
const IN_FLIGHT = 64

const DIFFERENCE =
  'LPUSH and RPOP, awaited, on a redis-server. It does less: a list has no types, limits, owners nor waiting calls, and a message that was popped for a client which dies is lost.'
const OVER_TCP: Peer = { name: 'ioredis over TCP', difference: DIFFERENCE }
const OVER_UNIX: Peer = { name: 'ioredis over a Unix socket', difference: DIFFERENCE }

interface Work extends Pick<Comparison, 'name' | 'work' | 'unit' | 'atLeast' | 'atMost'> {
  readonly over: 'tcp' | 'unix'
  readonly durability: 'fsync' | 'none'
  readonly time: (pair: Pair, count: number) => Promise<number>
  /** What is measured in the daemon's stead. */
  readonly ours?: (setting: Setting) => Promise<Contender>
}

function againstRedis({ over, durability, time, ours, ...description }: Work): Comparison {
  return sideBySide(
    { ...description, peer: over === 'tcp' ? OVER_TCP : OVER_UNIX, requirements: ['peers', 'redis-server'] },
    ours ?? ((setting) => daemonPairs(setting, { durability, sizeBytes: SIZE_BYTES, time })),
    (setting) => ioredisPairs(SIZE_BYTES, setting, { durability, over, time }),
    // A server is warm later than a loop.
    { rounds: 9, warmMs: 4_000, roundMs: 500 },
  )
}

const inFlight = (pair: Pair, count: number) => timeInFlight(pair, count, IN_FLIGHT)
const pairs = `\`unix:\` ${SIZE_BYTES} bytes sent and received, ${IN_FLIGHT} pairs at a time`
const call = `\`unix:\` the median call of many, one at a time: ${SIZE_BYTES} bytes sent, or received; no durability`

export const DAEMON: readonly Comparison[] = [
  againstRedis({
    name: 'daemon-64-in-flight',
    work: `${pairs}; no durability`,
    unit: 'times the rate',
    atLeast: 2,
    over: 'tcp',
    durability: 'none',
    time: inFlight,
  }),
  againstRedis({
    name: 'daemon-64-in-flight-unix',
    work: `${pairs}; no durability`,
    unit: 'times the rate',
    over: 'unix',
    durability: 'none',
    time: inFlight,
  }),
  againstRedis({
    name: 'daemon-fsync',
    work: `${pairs}; each on the disk before it is answered`,
    unit: 'times the rate',
    atLeast: 1,
    over: 'tcp',
    durability: 'fsync',
    time: inFlight,
  }),
  againstRedis({
    name: 'daemon-p50',
    work: call,
    unit: 'times the time',
    atMost: 1.1,
    over: 'tcp',
    durability: 'none',
    time: timeMedianCall,
  }),
  againstRedis({
    name: 'daemon-floor',
    work: `no queue at all: the median call of many, one at a time, to a process of Node’s that writes ${SIZE_BYTES} bytes into a file and sends them back`,
    unit: 'times the time',
    over: 'tcp',
    durability: 'none',
    time: timeMedianCall,
    ours: (setting) => echoPairs(setting, { sizeBytes: SIZE_BYTES, time: timeMedianCall }),
  }),
  againstRedis({
    name: 'daemon-p50-unix',
    work: call,
    unit: 'times the time',
    over: 'unix',
    durability: 'none',
    time: timeMedianCall,
  }),
]
