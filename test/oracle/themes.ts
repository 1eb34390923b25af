import { MSGMAX, MSGMNB } from '../../src/abi/index.ts'
import type { View } from './calls.ts'
import type { Random } from './random.ts'

/** What a sequence is about, so that rare states are reached by many calls that lead there. */
export type Theme = 'messages' | 'depth' | 'identifiers' | 'permissions' | 'limits'

/** What a call can be; `odd` is a command of msgctl that is unknown or seldom. */
const KINDS = ['msgget', 'msgsnd', 'msgrcv', 'copy', 'stat', 'set', 'remove', 'odd', 'limits', 'nextId'] as const

export type Kind = (typeof KINDS)[number]

const WEIGHTS: Readonly<Record<Theme, Readonly<Record<Kind, number>>>> = {
  messages: weights(3, 36, 32, 12, 2, 7, 2, 2, 3, 1),
  depth: weights(4, 50, 40, 8, 1, 1, 0, 1, 0, 0),
  identifiers: weights(44, 4, 3, 1, 3, 1, 36, 1, 2, 5),
  permissions: weights(14, 20, 18, 10, 8, 18, 5, 2, 3, 2),
  limits: weights(14, 30, 16, 8, 2, 10, 6, 1, 10, 3),
}

/** Queues from which on most calls remove one: every queue is compared after every call. */
const CROWD: Readonly<Record<Theme, number>> = { messages: 8, depth: 3, identifiers: 91, permissions: 8, limits: 8 }

/** Messages up to which a deep namespace mostly gets deeper: past the depth at which an engine begins to search otherwise. */
const DEPTH = 90

/** The kind of the next call. */
export function nextKind(random: Random, { queues, limits }: View, theme: Theme): Kind {
  if (theme === 'depth') {
    if ((limits.msgmnb === MSGMNB || limits.msgmax === MSGMAX) && random.chance(90)) return 'limits'
    const depth = queues.reduce((sum, { qnum }) => sum + qnum, 0)
    if (queues.length > 0 && depth < DEPTH && random.chance(50)) return 'msgsnd'
  }
  if (queues.length >= CROWD[theme] && random.chance(60)) return 'remove'
  if (queues.length === 0 && random.chance(70)) return 'msgget'
  return random.weighted(WEIGHTS[theme])
}

/** One weight for each of `KINDS`. */
function weights(...numbers: readonly number[]): Record<Kind, number> {
  return Object.fromEntries(KINDS.map((kind, position) => [kind, numbers[position] ?? 0])) as Record<Kind, number>
}
