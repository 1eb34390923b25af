import {
  IPC_NOWAIT,
  IPC_PRIVATE,
  IPC_RMID,
  IPC_SET,
  LONG_MAX,
  LONG_MIN,
  type Long,
  MSG_EXCEPT,
  MSG_NOERROR,
} from '../../src/abi/index.ts'
import type { Msgctl, Msgrcv, Msgsnd } from '../../src/engine/index.ts'
import { callText, type KernelCall, type LiveQueue } from './calls.ts'
import { IDENTITIES } from './credentials.ts'
import { SCENARIO_BYTES_MAX } from './mailbox.ts'
import type { Random } from './random.ts'

/** One thing that happens in a scenario: the main thread calls, another thread calls and may wait, or is interrupted. */
export type Step =
  | { readonly kind: 'main'; readonly identity: number; readonly call: KernelCall }
  | { readonly kind: 'thread'; readonly thread: number; readonly identity: number; readonly call: Msgsnd | Msgrcv }
  | { readonly kind: 'interrupt'; readonly thread: number }

/** Who mostly waits in a scenario: receivers for messages, or senders for room. */
export type Lean = 'receivers' | 'senders'

/** What the choice of a step goes by. */
export interface ScenarioView {
  readonly lean: Lean
  readonly queues: readonly LiveQueue[]
  readonly idle: readonly number[]
  readonly waiting: readonly number[]
}

/** msgmnb of a scenario: what its new queues hold, and the most that IPC_SET may ask for. */
export const SCENARIO_MSGMNB = 16

/** Queues that a scenario has at a time. */
const QUEUES_MAX = 2
/** Root, and three users without capabilities: two of one group. Indexes into `IDENTITIES`. */
const USERS: readonly number[] = [0, 0, 0, 2, 3, 4]
const TYPES: readonly Long[] = [1, 1, 2, 2, 3, LONG_MAX]
/** Sizes that fill a queue with one, two or a few messages. */
const QBYTES: readonly number[] = [0, 1, 2, 4, 8, 8, 10, 16, 16, 16]
const SIZES: readonly number[] = [0, 1, 2, 4, 8, 8, 16]

type Kind = 'threadReceive' | 'threadSend' | 'send' | 'receive' | 'set' | 'remove' | 'interrupt' | 'create'

const REST = { set: 9, remove: 1, interrupt: 5, create: 1 } as const
const WEIGHTS: Readonly<Record<Lean, Readonly<Record<Kind, number>>>> = {
  receivers: { threadReceive: 40, threadSend: 10, send: 24, receive: 8, ...REST },
  senders: { threadReceive: 6, threadSend: 44, send: 16, receive: 20, ...REST },
}

/** The step that chance means in a state. */
export function drawStep(random: Random, view: ScenarioView): Step {
  const { queues, idle, waiting } = view
  const queue = queues.length > 0 ? random.pick(queues) : undefined
  if (queue === undefined || (queues.length < QUEUES_MAX && random.chance(15))) return create()
  const kind = random.weighted(WEIGHTS[view.lean])
  const byMain = (call: KernelCall): Step => ({ kind: 'main', identity: random.pick(USERS), call })
  switch (kind) {
    case 'threadReceive':
    case 'threadSend': {
      if (idle.length === 0)
        return byMain(kind === 'threadSend' ? send(random, queue, IPC_NOWAIT) : receive(random, queue, IPC_NOWAIT))
      const call = kind === 'threadSend' ? send(random, queue, 0) : receive(random, queue, 0)
      return { kind: 'thread', thread: random.pick(idle), identity: random.pick(USERS), call }
    }
    case 'send':
      return byMain(send(random, queue, IPC_NOWAIT))
    case 'receive':
      return byMain(receive(random, queue, IPC_NOWAIT))
    case 'set':
      return byMain(set(random, queue))
    case 'remove':
      return byMain({ name: 'msgctl', msqid: queue.msqid, cmd: IPC_RMID })
    case 'interrupt':
      return waiting.length === 0
        ? byMain(receive(random, queue, IPC_NOWAIT))
        : { kind: 'interrupt', thread: random.pick(waiting) }
    case 'create':
      return queues.length < QUEUES_MAX ? create() : byMain(set(random, queue))
  }

  function create(): Step {
    return { kind: 'main', identity: 0, call: { name: 'msgget', key: IPC_PRIVATE, msgflg: 0o666 } }
  }
}

function send(random: Random, { msqid }: LiveQueue, msgflg: number): Msgsnd {
  const mtext = new Uint8Array(random.pick(SIZES)).fill(random.below(256))
  return { name: 'msgsnd', msqid, mtype: random.pick(TYPES), mtext, msgflg }
}

function receive(random: Random, { msqid }: LiveQueue, flags: number): Msgrcv {
  const msgtyp = random.pick<Long>([0, 0, 1, 1, 2, 2, 3, -1, -2, -3, LONG_MIN, LONG_MAX])
  const msgsz = random.pick([SCENARIO_BYTES_MAX, SCENARIO_BYTES_MAX, SCENARIO_BYTES_MAX, 0, 1, 4, 8])
  const msgflg = flags | (random.chance(25) ? MSG_NOERROR : 0) | (random.chance(25) ? MSG_EXCEPT : 0)
  return { name: 'msgrcv', msqid, msgsz, msgtyp, msgflg }
}

function set(random: Random, { msqid, mode, uid, gid, qbytes }: LiveQueue): Msgctl {
  const perm = {
    uid: random.chance(75) ? uid : random.pick([0, 1000, 1001]),
    gid: random.chance(75) ? gid : random.pick([0, 1000]),
    mode: random.chance(60) ? mode : random.pick([0o666, 0o666, 0o600, 0o660, 0o444, 0o222, 0o000]),
  }
  return {
    name: 'msgctl',
    msqid,
    cmd: IPC_SET,
    settings: { perm, qbytes: random.chance(20) ? qbytes : random.pick(QBYTES) },
  }
}

/** A step as a report shows it. */
export function stepText(step: Step): string {
  if (step.kind === 'interrupt') return `thread ${step.thread} gets a signal`
  const who = step.kind === 'main' ? 'main' : `thread ${step.thread}`
  const identity = IDENTITIES[step.identity]
  return `${who}${step.identity === 0 ? '' : ` as ${JSON.stringify(identity)}`}: ${callText(step.call)}`
}
