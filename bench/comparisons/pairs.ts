import { join } from 'node:path'
import type { Comparison, Peer, Setting } from '../comparison.ts'
import type { Contender } from '../contender.ts'
import { cPairs } from '../contenders/c-loop.ts'
import { asyncPairFloor, asyncPairs, kernelPairFloor, type PairUrl, pairFloor, syncPairs } from '../contenders/pairs.ts'
import { digits } from '../report.ts'
import { notifyLoopIn } from '../requirements.ts'
import { sideBySide } from '../side-by-side.ts'

/** msgsnd(2) and msgrcv(2) in a loop: the least that the kernel's queues cost. */
export const C_LOOP: Peer = {
  name: 'C loop on the kernel',
  difference:
    'It does more than `memory:`: each call goes into the kernel, whose queues other processes reach and which outlive their makers. It does less than `linux:`: it makes no JavaScript objects.',
}

/** The compiled command. */
const MSGQ = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js')

type Face = 'sync' | 'async'

/** A message sent and received, by each of the two levels. */
const FACES: Readonly<Record<Face, { readonly make: typeof syncPairs; readonly words: string }>> = {
  sync: { make: syncPairs, words: 'by the synchronous calls' },
  async: { make: asyncPairs, words: 'by `MessageQueue`, awaited' },
}

interface Pair extends Pick<Comparison, 'name' | 'peer' | 'requirements' | 'atLeast'> {
  readonly url: PairUrl
  readonly face: Face
  readonly sizeBytes: number
  makePeer(sizeBytes: number, setting: Setting): Promise<Contender>
}

/** A comparison of sending a message and receiving it again, on an empty queue. */
export function pair({ url, face, sizeBytes, makePeer, ...description }: Pair): Comparison {
  const { make, words } = FACES[face]
  const work = `\`${url}\` ${digits(sizeBytes)} bytes sent and received ${words}`
  return sideBySide(
    { ...description, work, unit: 'times the rate' },
    () => make(url, sizeBytes),
    (setting) => makePeer(sizeBytes, setting),
  )
}

function againstC(wanted: Pick<Pair, 'name' | 'url' | 'face' | 'sizeBytes' | 'atLeast'>): Comparison {
  return pair({
    ...wanted,
    peer: C_LOOP,
    requirements: ['ipc', 'c-loop'],
    makePeer: (sizeBytes, { scratch }) => cPairs(scratch, sizeBytes),
  })
}

/** The same C program twice: its calls answered by somebody, and on the kernel. */
function answered(
  description: Pick<Comparison, 'name' | 'work' | 'atLeast'>,
  launcher: (setting: Setting) => readonly string[],
): Comparison {
  return sideBySide(
    { ...description, peer: C_LOOP, requirements: ['ipc', 'c-loop'], unit: 'times the rate' },
    (setting) => cPairs(setting.scratch, 64, launcher(setting)),
    ({ scratch }) => cPairs(scratch, 64),
  )
}

/** How far any engine could come on this machine, if it took no time itself. */
function floor(name: string, work: string, make: typeof pairFloor): Comparison {
  return sideBySide(
    { name, work, peer: C_LOOP, unit: 'times the rate', requirements: ['ipc', 'c-loop'] },
    () => make(64),
    ({ scratch }) => cPairs(scratch, 64),
  )
}

export const PAIRS: readonly Comparison[] = [
  againstC({ name: 'pair-sync-8', url: 'memory:', face: 'sync', sizeBytes: 8 }),
  againstC({ name: 'pair-sync-64', url: 'memory:', face: 'sync', sizeBytes: 64, atLeast: 4 }),
  floor(
    'pair-floor-64',
    'no queue at all: the clock read twice, 64 bytes copied in, and out into a new array',
    pairFloor,
  ),
  againstC({ name: 'pair-sync-1024', url: 'memory:', face: 'sync', sizeBytes: 1024 }),
  againstC({ name: 'pair-sync-8000', url: 'memory:', face: 'sync', sizeBytes: 8000 }),
  againstC({ name: 'pair-async-64', url: 'memory:', face: 'async', sizeBytes: 64, atLeast: 2 }),
  floor(
    'pair-async-floor-64',
    'no queue at all: the same in two async functions, awaited, which wait for nothing',
    asyncPairFloor,
  ),
  againstC({ name: 'kernel-pair-sync', url: 'linux:', face: 'sync', sizeBytes: 64, atLeast: 0.7 }),
  floor(
    'kernel-pair-floor',
    'no namespace at all: the two calls by koffi, of 64 bytes that stay where they are',
    kernelPairFloor,
  ),
  againstC({ name: 'kernel-pair-async', url: 'linux:', face: 'async', sizeBytes: 64 }),
  answered(
    {
      name: 'run-pair',
      work: '`msgq run`: 64 bytes sent and received by a C program, over `memory:`',
      atLeast: 1 / 20,
    },
    () => [process.execPath, MSGQ, 'run', '--'],
  ),
  answered(
    {
      name: 'run-floor',
      work: 'no queue at all: the same calls answered by a program in C that keeps one message',
    },
    ({ scratch }) => [notifyLoopIn(scratch)],
  ),
]
