import {
  INT_MAX,
  INT_MIN,
  IPC_CREAT,
  IPC_EXCL,
  IPC_INFO,
  IPC_NOWAIT,
  IPC_PRIVATE,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  IPCID_SEQ_MAX,
  IPCMNI,
  LONG_MAX,
  LONG_MIN,
  type Long,
  long,
  MSG_COPY,
  MSG_EXCEPT,
  MSG_INFO,
  MSG_NOERROR,
  MSG_STAT,
  MSG_STAT_ANY,
  MSGMAX,
  MSGMNB,
  MSGMNI,
  UINT_MAX,
} from '../../src/abi/index.ts'
import type { Limits, Msgctl, Msgget, Msgrcv, Msgsnd } from '../../src/engine/index.ts'
import type { KernelCall, LiveQueue, View } from './calls.ts'
import type { Random } from './random.ts'
import { nextKind, type Theme } from './themes.ts'

/** Longest payload that is sent, and the receive buffer. More than 64 KiB, so that a message spans many pages. */
export const PAYLOAD_BYTES_MAX = 70_000

/** A long message, of which ten are queued at a time. */
const LONG_BYTES = 65_536

/** Users and groups: some own queues, some share a group, none is in the machine's interest. */
const IDS: readonly number[] = [0, 1000, 1001, 1002, 1003]

/** Every payload is a part of this: uneven bytes, so that a shifted or foreign part shows. */
const PAYLOAD = Uint8Array.from(
  { length: 2 * PAYLOAD_BYTES_MAX },
  (_, index) => (index * 167 + (index >> 8) * 13) & 0xff,
)

const MODES = [0o600, 0o666, 0o666, 0o644, 0o640, 0o622, 0o400, 0o200, 0o000, 0o060, 0o006, 0o066, 0o707, 0o777, 0o4777]
const TYPES: readonly Long[] = [
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  5,
  LONG_MAX,
  long(2n ** 63n - 2n),
  2 ** 53 - 1,
  long(2n ** 53n + 1n),
]

/** The call that a seed means in a state: never one that waits. */
export function nextCall(random: Random, view: View, theme: Theme): KernelCall {
  const kind = nextKind(random, view, theme)
  switch (kind) {
    case 'msgget':
      return msgget(random)
    case 'msgsnd':
      return msgsnd(random, view, theme)
    case 'msgrcv':
      return msgrcv(random, view)
    case 'copy':
      return copy(random, view)
    case 'stat':
      return control(random.pick([IPC_STAT, IPC_STAT, MSG_STAT, MSG_STAT_ANY]))
    case 'set':
      return set(random, view)
    case 'remove':
      return control(IPC_RMID)
    case 'odd':
      return control(oddCommand(random))
    case 'limits':
      // A deep namespace begins with room for many messages, and for long ones.
      if (theme === 'depth') return { name: 'setLimits', limits: deepLimit(view) }
      return { name: 'setLimits', limits: limit(random, view) }
    case 'nextId':
      return { name: 'setNextId', nextId: nextId(random, view) }
  }

  function control(cmd: number): Msgctl {
    return { name: 'msgctl', msqid: msqid(random, view), cmd }
  }
}

function msgget(random: Random): Msgget {
  const key = random.pick([IPC_PRIVATE, 1, 1, 2, 2, 3, 4, -1, INT_MIN, INT_MAX])
  const mode = random.chance(80) ? random.pick(MODES) : random.below(0o1000)
  const unknown = random.chance(5) ? random.next() & ~(IPC_CREAT | IPC_EXCL | 0o777) : 0
  const flags = random.pick([IPC_CREAT, IPC_CREAT, IPC_CREAT, IPC_CREAT | IPC_EXCL, IPC_EXCL, 0])
  return { name: 'msgget', key, msgflg: flags | mode | unknown }
}

function msgsnd(random: Random, view: View, theme: Theme): Msgsnd {
  const queue = random.chance(93) && view.queues.length > 0 ? random.pick(view.queues) : undefined
  const mtype = random.chance(96) ? random.pick(TYPES) : random.pick([0, -1, LONG_MIN, long(-(2n ** 53n) - 1n)])
  const sizeBytes = theme === 'depth' ? deepBytes(random) : sendBytes(random, queue, view.limits.msgmax)
  const start = random.below(PAYLOAD_BYTES_MAX)
  return {
    name: 'msgsnd',
    msqid: queue?.msqid ?? msqid(random, view),
    mtype,
    mtext: PAYLOAD.subarray(start, start + sizeBytes),
    msgflg: IPC_NOWAIT | (random.chance(5) ? random.next() : 0),
  }
}

/** Mostly short messages, so that many are queued, and some so long that a queue needs room in many places. */
function deepBytes(random: Random): number {
  return random.chance(4) ? LONG_BYTES : random.below(40)
}

/** The kernel keeps the first 4048 bytes of a message apart from the rest. Source: ipc/msgutil.c, DATALEN_MSG. */
function sendBytes(random: Random, queue: LiveQueue | undefined, msgmax: number): number {
  const room = queue === undefined ? 0 : Math.max(queue.qbytes - queue.cbytes, 0)
  const size = random.pick([
    0,
    0,
    1,
    1,
    2,
    3,
    8,
    20,
    60,
    room,
    room,
    room + 1,
    msgmax,
    msgmax + 1,
    4048,
    4049,
    random.below(300),
  ])
  return Math.min(size, PAYLOAD_BYTES_MAX)
}

function msgrcv(random: Random, view: View): Msgrcv {
  const queue = random.chance(93) && view.queues.length > 0 ? random.pick(view.queues) : undefined
  const msgtyp = random.pick<Long>([
    0,
    0,
    0,
    1,
    2,
    3,
    4,
    5,
    -1,
    -2,
    -3,
    -4,
    -5,
    LONG_MIN,
    LONG_MAX,
    long(1n - 2n ** 63n),
    -(2 ** 53 - 1),
    long(-(2n ** 53n) - 1n),
  ])
  const flags = (random.chance(35) ? MSG_NOERROR : 0) | (random.chance(25) ? MSG_EXCEPT : 0)
  const unknown = random.chance(5) ? random.next() & ~MSG_COPY : 0
  const msgsz = receiveBytes(random, queue, view.limits.msgmax)
  return {
    name: 'msgrcv',
    msqid: queue?.msqid ?? msqid(random, view),
    msgsz,
    msgtyp,
    msgflg: IPC_NOWAIT | flags | unknown,
  }
}

function copy(random: Random, view: View): Msgrcv {
  const queue = random.chance(93) && view.queues.length > 0 ? random.pick(view.queues) : undefined
  const qnum = queue?.qnum ?? 0
  const index = qnum === 0 ? 0 : random.below(qnum)
  const msgtyp = random.pick<Long>([0, 0, index, index, index, qnum - 1, qnum, qnum + 1, -1, LONG_MIN, LONG_MAX])
  const flags =
    (random.chance(20) ? MSG_NOERROR : 0) | (random.chance(8) ? MSG_EXCEPT : 0) | (random.chance(92) ? IPC_NOWAIT : 0)
  // The kernel reads min(msgsz, msgmax) bytes of the buffer first: EFAULT, about which an engine knows nothing.
  const msgsz = Math.min(receiveBytes(random, queue, view.limits.msgmax), PAYLOAD_BYTES_MAX)
  return { name: 'msgrcv', msqid: queue?.msqid ?? msqid(random, view), msgsz, msgtyp, msgflg: MSG_COPY | flags }
}

function receiveBytes(random: Random, queue: LiveQueue | undefined, msgmax: number): number {
  // Asked for only where it is used: it is a copy, which is what the call itself may be about.
  if (random.chance(20)) return (queue?.firstBytes() ?? 0) + random.pick([0, 0, -1, 1])
  if (random.chance(35)) return random.pick([0, 1, 8, random.below(300), random.chance(10) ? -(2 ** 40) : 0])
  if (random.chance(40)) return PAYLOAD_BYTES_MAX
  return random.pick([msgmax, msgmax + 1, INT_MAX, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER])
}

function set(random: Random, view: View): Msgctl {
  const queue = random.chance(93) && view.queues.length > 0 ? random.pick(view.queues) : undefined
  const call = { name: 'msgctl', msqid: queue?.msqid ?? msqid(random, view), cmd: IPC_SET } as const
  if (random.chance(2)) return call
  const { msgmnb } = view.limits
  const cbytes = queue?.cbytes ?? 0
  const id = (own: number | undefined) =>
    random.chance(2) ? UINT_MAX : random.chance(60) ? (own ?? 0) : random.pick(IDS)
  const mode = random.chance(50) ? (queue?.mode ?? 0o600) : random.chance(80) ? random.pick(MODES) : random.next()
  const small = random.pick([0, 1, 2, 3, 10, 64, random.below(400)])
  const odd = random.pick([-1, INT_MAX, 2 ** 31, 2 ** 32 + 100, 2 ** 32 - 1])
  const near = random.pick([cbytes, cbytes + 1, Math.max(cbytes - 1, 0), cbytes + small])
  const qbytes = random.pick([
    queue?.qbytes ?? 0,
    queue?.qbytes ?? 0,
    near,
    small,
    msgmnb,
    msgmnb,
    msgmnb + 1,
    random.chance(30) ? odd : MSGMNB,
  ])
  return { ...call, settings: { perm: { uid: id(queue?.uid), gid: id(queue?.gid), mode }, qbytes } }
}

function oddCommand(random: Random): number {
  const IPC_64 = 0x100
  const known = random.pick([IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, MSG_STAT, MSG_INFO, MSG_STAT_ANY])
  return random.pick([IPC_INFO, MSG_INFO, 4, 5, 10, 14, 99, INT_MAX, -1, INT_MIN, known | IPC_64, known | IPC_64])
}

function limit(random: Random, view: View): Partial<Limits> {
  const beyond = random.pick([-1, 2 ** 31, INT_MIN, 2 ** 32])
  const used = view.queues.length
  const ordinary = random.chance(40)
  switch (random.below(3)) {
    case 0:
      return { msgmax: ordinary ? MSGMAX : random.pick([0, 1, 16, 100, 4048, MSGMAX + 1, 65_536, INT_MAX, beyond]) }
    case 1:
      return { msgmnb: ordinary ? MSGMNB : random.pick([0, 1, 4, 64, 100, 300, MSGMNB + 1, 65_536, INT_MAX, beyond]) }
    default:
      return { msgmni: ordinary ? MSGMNI : random.pick([0, 1, 2, used, used, used + 1, IPCMNI, IPCMNI + 1, beyond]) }
  }
}

function deepLimit({ limits }: View): Partial<Limits> {
  return limits.msgmnb === MSGMNB ? { msgmnb: INT_MAX } : { msgmax: LONG_BYTES }
}

function nextId(random: Random, view: View): number {
  const taken = random.pick([0, ...view.queues.map((queue) => queue.msqid), ...view.removed])
  // A queue at a high index slows every later call of the sequence down, on the engine's side, so it is rare.
  if (random.chance(5)) return random.pick([100_000, IPCMNI - 1, INT_MAX, INT_MAX - 1, random.next() >>> 1])
  const anySequence = random.below(IPCID_SEQ_MAX + 1) * IPCMNI + random.below(100)
  return random.pick([taken, taken, (taken + IPCMNI) & INT_MAX, 5, anySequence, -1, 2 ** 31])
}

/** Mostly a queue that is there; else one that was, a wrong sequence number, or what no queue can have. */
function msqid(random: Random, view: View): number {
  const live = view.queues.length > 0 ? random.pick(view.queues).msqid : 0
  if (random.chance(70)) return live
  const removed = view.removed.length > 0 ? random.pick(view.removed) : 1
  const wrongSequence = (live + IPCMNI * random.between(1, 3)) & INT_MAX
  return random.pick([removed, removed, wrongSequence, wrongSequence, -1, INT_MIN, INT_MAX, random.next() | 0])
}
