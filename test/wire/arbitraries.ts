import fc from 'fast-check'
import {
  ALL_CAPABILITIES,
  ERRNO,
  type ErrnoName,
  INT_MAX,
  INT_MIN,
  LONG_MAX,
  LONG_MIN,
  type Long,
  long,
  type MsgInfo,
  type MsqidDs,
  UINT_MAX,
} from '../../src/abi/index.ts'
import type {
  Call,
  Caller,
  CheckpointHeader,
  CheckpointMessage,
  CheckpointQueue,
  Code,
  Completion,
  Entry,
  HistoryEvent,
  Limits,
  Message,
  StatePart,
  StateQueue,
  Ticket,
  Value,
  WaitingCall,
} from '../../src/engine/index.ts'
import type {
  AnswerValue,
  CheckpointPart,
  ClientFrame,
  RestoredReport,
  ServerFrame,
  SessionKey,
  SpokenFor,
} from '../../src/wire/index.ts'

/** Arbitrary values of everything that the format carries: every field at every number it can have, ends weighted. */

/** A record with a prototype: deepEqual sees the difference. */
function plain<T>(model: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

/** The same, of which all but some fields may be left out. */
function partly<T, Key extends keyof T>(model: { [Name in keyof T]: fc.Arbitrary<T[Name]> }, requiredKeys: Key[]) {
  return fc.record<T, Key>(model, { noNullPrototype: true, requiredKeys })
}

/** Numbers at which one more byte is needed, and any. */
const uint = fc.oneof(fc.constantFrom(0, 63, 64, 127, 128, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.maxSafeNat())
const uint32 = fc.oneof(fc.constantFrom(0, 127, 128, UINT_MAX), fc.integer({ min: 0, max: UINT_MAX }))
const int = fc.oneof(
  fc.constantFrom(0, -1, 63, 64, -63, -64, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  fc.maxSafeInteger(),
)
const int32 = fc.oneof(fc.constantFrom(0, -1, 64, INT_MIN, INT_MAX), fc.integer({ min: INT_MIN, max: INT_MAX }))
const anyLong: fc.Arbitrary<Long> = fc.oneof(
  fc.constantFrom<Long>(0, 1, -1, LONG_MIN, LONG_MAX, 2 ** 53 - 1, 2n ** 53n, -(2n ** 53n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(long),
)
const qbytes = fc.oneof(fc.constantFrom(0, 2 ** 53, 2 ** 63, 2 ** 64), fc.maxSafeNat())
const bytes = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 60, maxLength: 200 }))
const text = fc.string({ unit: 'grapheme', maxLength: 20 })

const ticket: fc.Arbitrary<Ticket> = plain({ session: uint, number: uint })
const capabilities = fc.subarray([...ALL_CAPABILITIES])
const groups = fc.array(uint32, { maxLength: 5 })
const pid = fc.oneof(fc.constantFrom(0, 1, INT_MAX), fc.nat())
const caller: fc.Arbitrary<Caller> = plain({
  pid,
  tid: pid,
  uid: uint32,
  gid: uint32,
  groups,
  capabilities,
})
const spokenFor: fc.Arbitrary<SpokenFor> = partly({ uid: uint32, gid: uint32, pid, tid: pid, groups, capabilities }, [
  'uid',
])

const limits: fc.Arbitrary<Limits> = plain({ msgmax: int, msgmnb: int, msgmni: int })
const identifiers = plain({ nextIndex: int, lastIndex: int, sequence: int })
const header: fc.Arbitrary<CheckpointHeader> = partly({ time: int, limits, nextId: int, identifiers }, [
  'time',
  'limits',
  'nextId',
])
const sender = plain({ pid: uint32, uid: uint32 })
const wholeMessage: fc.Arbitrary<Message> = plain({
  mtype: anyLong,
  mtext: bytes,
  sequence: uint,
  sender,
  time: uint,
})
const message: fc.Arbitrary<CheckpointMessage> = partly(
  { mtype: anyLong, mtext: bytes, sequence: uint, sender, time: uint },
  ['mtype', 'mtext'],
)
const queueFields = {
  msqid: int32,
  perm: plain({ key: int, uid: int, gid: int, cuid: int, cgid: int, mode: int }),
  qbytes,
  stime: int,
  rtime: int,
  ctime: int,
  lspid: int,
  lrpid: int,
  copyCounter: int,
  lastSequence: int,
}
const queue: fc.Arbitrary<CheckpointQueue> = partly({ ...queueFields, messages: fc.array(message, { maxLength: 4 }) }, [
  'msqid',
  'perm',
  'qbytes',
  'messages',
])
const wholeQueue: fc.Arbitrary<StateQueue> = plain({
  ...queueFields,
  messages: fc.array(wholeMessage, { maxLength: 4 }),
})

const sends = {
  msgsnd: plain({ name: fc.constant('msgsnd' as const), msqid: int32, mtype: anyLong, mtext: bytes, msgflg: int32 }),
  msgrcv: partly(
    {
      name: fc.constant('msgrcv' as const),
      msqid: int32,
      msgsz: int,
      msgtyp: anyLong,
      msgflg: int32,
      hold: fc.boolean(),
    },
    ['name', 'msqid', 'msgsz', 'msgtyp', 'msgflg'],
  ),
  copyAfter: plain({
    name: fc.constant('copyAfter' as const),
    msqid: int32,
    sequence: uint,
    msgsz: int,
    msgtyp: anyLong,
    msgflg: int32,
  }),
}
const waits: fc.Arbitrary<WaitingCall['call']> = fc.oneof(sends.msgsnd, sends.msgrcv, sends.copyAfter)
const settings = plain({ perm: plain({ uid: int, gid: int, mode: uint32 }), qbytes })

export const arbitraryCall: fc.Arbitrary<Call> = fc.oneof(
  sends.msgsnd,
  sends.msgrcv,
  sends.copyAfter,
  plain({ name: fc.constant('msgget' as const), key: int32, msgflg: int32 }),
  partly({ name: fc.constant('msgctl' as const), msqid: int32, cmd: int32, settings }, ['name', 'msqid', 'cmd']),
  plain({ name: fc.constant('interrupt' as const), call: ticket }),
  plain({ name: fc.constantFrom('accept' as const, 'refuse' as const), receive: ticket }),
  plain({ name: fc.constant('acceptAll' as const), receives: fc.array(uint, { maxLength: 5 }) }),
  plain({
    name: fc.constant('setLimits' as const),
    limits: partly({ msgmax: int, msgmnb: int, msgmni: int }, []),
  }),
  plain({ name: fc.constant('setNextId' as const), nextId: int }),
  plain({ name: fc.constant('setCopyCounter' as const), msqid: int32, copyCounter: uint32 }),
  plain({ name: fc.constant('restoreBegin' as const), header }),
  plain({
    name: fc.constant('restoreChunk' as const),
    restore: ticket,
    queues: fc.array(queue, { maxLength: 3 }),
  }),
  plain({ name: fc.constant('restoreCommit' as const), restore: ticket }),
  plain({ name: fc.constant('openSession' as const) }),
  plain({ name: fc.constant('acknowledgeSession' as const), number: uint }),
  plain({ name: fc.constant('expireSession' as const), session: uint }),
)

export const arbitraryEntry: fc.Arbitrary<Entry> = plain({ ticket, now: uint, caller, call: arbitraryCall })

const stat: fc.Arbitrary<MsqidDs> = partly(
  {
    perm: plain({ key: int32, uid: uint32, gid: uint32, cuid: uint32, cgid: uint32, mode: uint32, seq: uint32 }),
    stime: int,
    rtime: int,
    ctime: int,
    cbytes: uint,
    qnum: uint,
    qbytes,
    lspid: int32,
    lrpid: int32,
    copyCounter: uint32,
  },
  ['perm', 'stime', 'rtime', 'ctime', 'cbytes', 'qnum', 'qbytes', 'lspid', 'lrpid'],
)
const info: fc.Arbitrary<MsgInfo> = plain({
  pool: int,
  map: int,
  max: int,
  mnb: int,
  mni: int,
  ssz: int,
  tql: int,
  seg: int,
})
const value: fc.Arbitrary<Value> = fc.oneof(
  // Of engines' numbers some have a type of their own: 0, and 0 or 1.
  int as fc.Arbitrary<Value>,
  wholeMessage,
  stat,
  plain({ msqid: int32, stat }),
  plain({ maxIndex: int, info }),
)
const code: fc.Arbitrary<Code> = fc.constantFrom<Code[]>(
  ...(Object.keys(ERRNO) as ErrnoName[]),
  'ERR_MSGQ_SESSION_EXPIRED',
  'ERR_MSGQ_TICKET_ACKNOWLEDGED',
  'ERR_MSGQ_SESSION_FULL',
)

export const arbitraryCompletion: fc.Arbitrary<Completion> = fc.oneof(plain({ ticket, value }), plain({ ticket, code }))

const waitingCall: fc.Arbitrary<WaitingCall> = plain({ ticket, msqid: int32, caller, call: waits })
const part: fc.Arbitrary<CheckpointPart> = fc.oneof(
  plain({ part: fc.constant('header' as const), header }),
  plain({ part: fc.constant('queues' as const), queues: fc.array(queue, { maxLength: 3 }) }),
  plain({ part: fc.constant('waiting' as const), waiting: fc.array(waitingCall, { maxLength: 3 }) }),
)
const report: fc.Arbitrary<RestoredReport> = plain({
  msqids: fc.array(int32, { maxLength: 5 }),
  notRestored: fc.array(partly({ msqid: int32, field: text, reason: text }, ['field', 'reason']), { maxLength: 3 }),
})
const answer: fc.Arbitrary<AnswerValue> = fc.oneof(value, message, limits, report)

const key: fc.Arbitrary<SessionKey> = plain({
  session: uint,
  secret: fc.uint8Array({ minLength: 16, maxLength: 16 }),
})
const features = fc.array(text, { maxLength: 3 })
const versions = fc.tuple(uint32, uint32).map(([a, b]) => ({ minVersion: Math.min(a, b), maxVersion: Math.max(a, b) }))
const hello: fc.Arbitrary<ClientFrame> = fc
  .tuple(versions, partly({ kind: fc.constant('hello' as const), resume: key, features }, ['kind', 'features']))
  .map(([range, rest]) => ({ ...rest, ...range }))

export const arbitraryClientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  hello,
  partly({ kind: fc.constant('call' as const), number: uint, call: arbitraryCall, as: spokenFor }, [
    'kind',
    'number',
    'call',
  ]),
  partly(
    {
      kind: fc.constant('request' as const),
      number: uint,
      request: fc.constantFrom('checkpoint' as const, 'waiting' as const, 'limits' as const, 'nextId' as const),
      as: spokenFor,
    },
    ['kind', 'number', 'request'],
  ),
  plain({ kind: fc.constant('acknowledge' as const), number: uint }),
  plain({ kind: fc.constant('goodbye' as const) }),
  partly({ kind: fc.constant('history' as const), number: uint, from: uint, to: uint, msqid: int32, pid: uint32 }, [
    'kind',
    'number',
    'from',
    'to',
  ]),
  plain({ kind: fc.constant('past' as const), number: uint, time: uint }),
)

const happened = { time: uint, msqid: int32, key: int32, pid: uint32, uid: uint32 }
const event: fc.Arbitrary<HistoryEvent> = fc.oneof(
  plain({
    event: fc.constantFrom('created' as const, 'changed' as const, 'removed' as const, 'restored' as const),
    ...happened,
  }),
  plain({
    event: fc.constantFrom('sent' as const, 'received' as const),
    ...happened,
    mtype: anyLong,
    sizeBytes: uint,
    sequence: uint,
  }),
)

export const arbitraryServerFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  plain({
    kind: fc.constant('welcome' as const),
    version: uint32,
    key,
    url: text,
    capabilities: fc.dictionary(text, fc.oneof(fc.boolean(), text), { maxKeys: 4, noNullPrototype: true }),
    features,
  }),
  plain({ kind: fc.constant('answer' as const), number: uint, value: answer }),
  partly(
    {
      kind: fc.constant('answer' as const),
      number: uint,
      code,
      details: partly({ msqid: int32, key: int32, hint: text }, []),
    },
    ['kind', 'number', 'code'],
  ),
  plain({ kind: fc.constant('failure' as const), number: uint, code: text, message: text }),
  plain({ kind: fc.constant('part' as const), number: uint, part }),
  plain({
    kind: fc.constant('part' as const),
    number: uint,
    part: plain({ part: fc.constant('history' as const), events: fc.array(event, { maxLength: 3 }) }),
  }),
  plain({ kind: fc.constant('error' as const), code: text, message: text }),
  plain({ kind: fc.constant('going' as const), message: text }),
)

export const arbitraryStatePart: fc.Arbitrary<StatePart> = fc.oneof(
  plain({
    part: fc.constant('namespace' as const),
    options: plain({
      msgCopy: fc.constantFrom('index' as const, 'counter' as const),
      checkpointRestore: fc.boolean(),
      ownerUid: uint32,
    }),
    now: uint,
    limits,
    nextId: int,
    identifiers,
  }),
  plain({ part: fc.constant('queue' as const), queue: wholeQueue }),
  plain({ part: fc.constant('session' as const), session: uint, acknowledged: uint }),
  plain({ part: fc.constant('answer' as const), completion: arbitraryCompletion }),
  plain({ part: fc.constant('waiting' as const), call: waitingCall, order: uint }),
  plain({ part: fc.constant('held' as const), receive: ticket, caller, msqid: int32, sequence: uint }),
  plain({ part: fc.constant('restore' as const), ticket, header }),
  plain({ part: fc.constant('staged' as const), restore: ticket, queue }),
)
