import { LONG_MAX, LONG_MIN } from '../../src/abi/index.ts'
import type { Call, Completion, Entry, StatePart, Value } from '../../src/engine/index.ts'
import type { ClientFrame, ServerFrame } from '../../src/wire/index.ts'

/**
 * One of everything that the wire format carries, each number where one more byte is needed or at its end. Never change
 * a value: test/golden/wire-1 holds their bytes. What is new is added at the end of its list.
 */

const ticket = { session: 3, number: 2 ** 32 }
const caller = {
  pid: 4242,
  tid: 4243,
  uid: 1000,
  gid: 100,
  groups: [4, 65_534],
  capabilities: ['CAP_SYS_ADMIN'],
} as const
const nobody = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }
const time = 1_700_000_000_123
const mtext = Uint8Array.from({ length: 70 }, (_, index) => index)
const secret = Uint8Array.from({ length: 16 }, (_, index) => 255 - index)
const perm = { key: -559_038_737, uid: 1000, gid: 1001, cuid: 0, cgid: 4_294_967_294, mode: 0o640 }
const limits = { msgmax: 65_536, msgmnb: 16_384, msgmni: 32_000 }
const header = { time, limits, nextId: -1 }
const identifiers = { nextIndex: 3, lastIndex: -1, sequence: 7 }
const message = { mtype: LONG_MAX, mtext, sequence: 9, sender: { pid: 4242, uid: 1000 }, time }
const wholeQueue = {
  msqid: 229_376,
  perm,
  qbytes: 2 ** 64,
  stime: time,
  rtime: 0,
  ctime: time - 10,
  lspid: 4242,
  lrpid: 2 ** 31 - 1,
  copyCounter: 2 ** 32 - 1,
  lastSequence: 9,
  messages: [{ ...message, mtype: 1, mtext: new Uint8Array(), sequence: 1 }, message],
}
const bareQueue = { msqid: 2, perm, qbytes: 0, messages: [{ mtype: 5, mtext }] }
const stat = {
  perm: { ...perm, seq: 65_534 },
  stime: 1_700_000_000,
  rtime: 0,
  ctime: 1,
  cbytes: 2 ** 40,
  qnum: 3,
  qbytes: 16_384,
  lspid: 1,
  lrpid: 0,
}
const info = { pool: 1, map: 2, max: 8192, mnb: 16_384, mni: 32_000, ssz: 16, tql: 2 ** 31, seg: 65_535 }
const waiting = {
  msgsnd: { name: 'msgsnd', msqid: 2, mtype: 300, mtext, msgflg: 0 },
  msgrcv: { name: 'msgrcv', msqid: 2, msgsz: 8192, msgtyp: LONG_MIN, msgflg: 0o20000, hold: true },
  copyAfter: { name: 'copyAfter', msqid: 2, sequence: 8, msgsz: 10, msgtyp: -5, msgflg: 0 },
} as const

const calls: readonly Call[] = [
  { name: 'msgget', key: -559_038_737, msgflg: 0o1600 },
  waiting.msgsnd,
  waiting.msgrcv,
  { name: 'msgrcv', msqid: 2 ** 31 - 1, msgsz: -1, msgtyp: 0, msgflg: -1 },
  { name: 'msgrcv', msqid: -1, msgsz: 64, msgtyp: 63, msgflg: 0, hold: false },
  { name: 'msgctl', msqid: 0, cmd: 2 },
  { name: 'msgctl', msqid: 0, cmd: 1, settings: { perm: { uid: -1, gid: 4_294_967_295, mode: 0o600 }, qbytes: 1 } },
  waiting.copyAfter,
  { name: 'interrupt', call: ticket },
  { name: 'accept', receive: ticket },
  { name: 'refuse', receive: ticket },
  { name: 'setLimits', limits: { msgmnb: -1 } },
  { name: 'setLimits', limits },
  { name: 'setNextId', nextId: 123_456 },
  { name: 'setCopyCounter', msqid: 2, copyCounter: 4_294_967_295 },
  { name: 'restoreBegin', header },
  { name: 'restoreBegin', header: { ...header, identifiers } },
  { name: 'restoreChunk', restore: ticket, queues: [bareQueue, wholeQueue] },
  { name: 'restoreCommit', restore: ticket },
  { name: 'openSession' },
  { name: 'acknowledgeSession', number: 128 },
  { name: 'expireSession', session: 127 },
]

export const ENTRIES: readonly Entry[] = [
  ...calls.map((call): Entry => ({ ticket, now: time, caller, call })),
  { ticket: { session: 0, number: 0 }, now: 0, caller: nobody, call: { name: 'openSession' } },
  { ticket, now: time, caller, call: { name: 'acceptAll', receives: [1, 127, 128] } },
]

const values: readonly Value[] = [
  0,
  1,
  message,
  stat,
  { msqid: 2, stat: { ...stat, copyCounter: 5 } },
  { maxIndex: 2, info },
]

export const COMPLETIONS: readonly Completion[] = [
  ...values.map((value): Completion => ({ ticket, value })),
  { ticket, code: 'ENOMSG' },
  { ticket, code: 'ERR_MSGQ_SESSION_EXPIRED' },
  { ticket, code: 'ERR_MSGQ_TICKET_ACKNOWLEDGED' },
  { ticket, code: 'ERR_MSGQ_SESSION_FULL' },
]

export const CLIENT_FRAMES: readonly ClientFrame[] = [
  { kind: 'hello', minVersion: 1, maxVersion: 300, features: ['history'] },
  { kind: 'hello', minVersion: 1, maxVersion: 1, resume: { session: 7, secret }, features: [] },
  { kind: 'call', number: 1, call: waiting.msgsnd },
  { kind: 'call', number: 2, call: waiting.msgrcv, as: { uid: 1000 } },
  {
    kind: 'call',
    number: 3,
    call: waiting.copyAfter,
    as: { uid: 1000, gid: 1, groups: [2], pid: 3, tid: 4, capabilities: ['CAP_IPC_OWNER', 'CAP_CHECKPOINT_RESTORE'] },
  },
  { kind: 'request', number: 4, request: 'checkpoint', as: { uid: 0 } },
  { kind: 'request', number: 5, request: 'waiting' },
  { kind: 'request', number: 6, request: 'limits' },
  { kind: 'request', number: 7, request: 'nextId' },
  { kind: 'acknowledge', number: 7 },
  { kind: 'goodbye' },
  { kind: 'history', number: 8, from: 0, to: 2 ** 53 - 1 },
  { kind: 'history', number: 9, from: time, to: time, msqid: 2, pid: 1234 },
  { kind: 'past', number: 10, time },
]

export const SERVER_FRAMES: readonly ServerFrame[] = [
  {
    kind: 'welcome',
    version: 1,
    key: { session: 7, secret },
    url: 'memory:',
    capabilities: { copy: 'index', held: true, sync: 'none', as: false },
    features: ['history'],
  },
  { kind: 'answer', number: 1, value: message },
  { kind: 'answer', number: 2, value: { mtype: 5, mtext } },
  { kind: 'answer', number: 3, value: limits },
  {
    kind: 'answer',
    number: 4,
    value: {
      msqids: [0, 2],
      notRestored: [
        { field: 'nextId', reason: 'ß' },
        { msqid: 2, field: 'stime', reason: '' },
      ],
    },
  },
  { kind: 'answer', number: 5, code: 'EACCES' },
  { kind: 'answer', number: 6, code: 'EEXIST', details: { msqid: 2, key: -5, hint: 'its index is in use' } },
  { kind: 'failure', number: 7, code: 'ERR_MSGQ_UNSUPPORTED', message: 'not here' },
  { kind: 'part', number: 8, part: { part: 'header', header: { ...header, identifiers } } },
  { kind: 'part', number: 8, part: { part: 'queues', queues: [wholeQueue, bareQueue] } },
  {
    kind: 'part',
    number: 8,
    part: {
      part: 'waiting',
      waiting: Object.values(waiting).map((call) => ({ ticket, msqid: 2, caller, call })),
    },
  },
  { kind: 'error', code: 'ERR_MSGQ_WIRE', message: 'byte 0' },
  { kind: 'going', message: 'SIGTERM' },
  {
    kind: 'part',
    number: 9,
    part: {
      part: 'history',
      events: [
        { event: 'created', time, msqid: 2, key: -5, pid: 1, uid: 2 },
        { event: 'sent', time, msqid: 2, key: -5, pid: 1, uid: 2, mtype: LONG_MIN, sizeBytes: 128, sequence: 3 },
        { event: 'received', time, msqid: 2, key: -5, pid: 1, uid: 2, mtype: 1, sizeBytes: 0, sequence: 3 },
        { event: 'changed', time, msqid: 2, key: -5, pid: 1, uid: 2 },
        { event: 'removed', time, msqid: 2, key: -5, pid: 1, uid: 2 },
        { event: 'restored', time, msqid: 2, key: -5, pid: 1, uid: 2 },
      ],
    },
  },
]

/** A state is one piece: its parts are not read one by one. */
export const STATES: readonly (readonly StatePart[])[] = [
  [
    {
      part: 'namespace',
      options: { msgCopy: 'counter', checkpointRestore: false, ownerUid: 1000 },
      now: time,
      limits,
      nextId: 123_456,
      identifiers,
    },
    { part: 'queue', queue: wholeQueue },
    { part: 'session', session: 3, acknowledged: 2 ** 31 },
    { part: 'answer', completion: { ticket, value: message } },
    { part: 'waiting', call: { ticket, msqid: 2, caller, call: waiting.msgrcv }, order: 1 },
    { part: 'held', receive: ticket, caller, msqid: 229_376, sequence: 9 },
    { part: 'restore', ticket, header },
    { part: 'staged', restore: ticket, queue: bareQueue },
  ],
  [
    {
      part: 'namespace',
      options: { msgCopy: 'index', checkpointRestore: true, ownerUid: 0 },
      now: 0,
      limits,
      nextId: -1,
      identifiers: { nextIndex: 0, lastIndex: -1, sequence: 0 },
    },
  ],
]
