import type { MsqidSettings } from '../abi/index.ts'
import type { Call, CallName, Limits, Msgctl, Msgrcv, WaitingCall } from '../engine/index.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readCaller, readTicket, writeCaller, writeTicket } from './callers.ts'
import { readHeader, readQueue, writeHeader, writeQueue } from './queues.ts'

/** The number of each call. Of the format: never change one, only add. */
const CALL_TAG = {
  msgget: 1,
  msgsnd: 2,
  msgrcv: 3,
  msgctl: 4,
  copyAfter: 5,
  interrupt: 6,
  accept: 7,
  refuse: 8,
  setLimits: 9,
  setNextId: 10,
  setCopyCounter: 11,
  restoreBegin: 12,
  restoreChunk: 13,
  restoreCommit: 14,
  openSession: 15,
  acknowledgeSession: 16,
  expireSession: 17,
  acceptAll: 18,
} as const satisfies Record<CallName, number>

/** `hold`, which may be left out. */
const HOLD_ABSENT = 0
const HOLD_FALSE = 1
const HOLD_TRUE = 2

export function writeCall(writer: ByteWriter, call: Call): void {
  writer.byte(CALL_TAG[call.name])
  switch (call.name) {
    case 'msgsnd':
      writer.int32(call.msqid)
      writer.int32(call.msgflg)
      writer.long(call.mtype)
      return writer.payload(call.mtext)
    case 'msgrcv':
      return writeMsgrcv(writer, call)
    case 'msgget':
      writer.int32(call.key)
      return writer.int32(call.msgflg)
    case 'msgctl':
      return writeMsgctl(writer, call)
    case 'copyAfter':
      writer.int32(call.msqid)
      writer.uint(call.sequence)
      writer.int(call.msgsz)
      writer.long(call.msgtyp)
      return writer.int32(call.msgflg)
    case 'interrupt':
      return writeTicket(writer, call.call)
    case 'accept':
    case 'refuse':
      return writeTicket(writer, call.receive)
    case 'acceptAll':
      writer.uint(call.receives.length)
      for (const number of call.receives) writer.uint(number)
      return
    case 'setLimits':
      return writeSomeLimits(writer, call.limits)
    case 'setNextId':
      return writer.int(call.nextId)
    case 'setCopyCounter':
      writer.int32(call.msqid)
      return writer.uint32(call.copyCounter)
    case 'restoreBegin':
      return writeHeader(writer, call.header)
    case 'restoreChunk':
      writeTicket(writer, call.restore)
      writer.uint(call.queues.length)
      for (const queue of call.queues) writeQueue(writer, queue)
      return
    case 'restoreCommit':
      return writeTicket(writer, call.restore)
    case 'openSession':
      return
    case 'acknowledgeSession':
      return writer.uint(call.number)
    case 'expireSession':
      return writer.uint(call.session)
  }
}

export function readCall(reader: ByteReader): Call {
  const tag = reader.byte('the number of a call')
  switch (tag) {
    case CALL_TAG.msgsnd: {
      const msqid = reader.int32()
      const msgflg = reader.int32()
      return { name: 'msgsnd', msqid, mtype: reader.long(), mtext: reader.payload(), msgflg }
    }
    case CALL_TAG.msgrcv:
      return readMsgrcv(reader)
    case CALL_TAG.msgget:
      return { name: 'msgget', key: reader.int32(), msgflg: reader.int32() }
    case CALL_TAG.msgctl:
      return readMsgctl(reader)
    case CALL_TAG.copyAfter:
      return {
        name: 'copyAfter',
        msqid: reader.int32(),
        sequence: reader.uint(),
        msgsz: reader.int(),
        msgtyp: reader.long(),
        msgflg: reader.int32(),
      }
    case CALL_TAG.interrupt:
      return { name: 'interrupt', call: readTicket(reader) }
    case CALL_TAG.accept:
      return { name: 'accept', receive: readTicket(reader) }
    case CALL_TAG.acceptAll:
      return { name: 'acceptAll', receives: reader.list((each) => each.uint()) }
    case CALL_TAG.refuse:
      return { name: 'refuse', receive: readTicket(reader) }
    case CALL_TAG.setLimits:
      return { name: 'setLimits', limits: readSomeLimits(reader) }
    case CALL_TAG.setNextId:
      return { name: 'setNextId', nextId: reader.int() }
    case CALL_TAG.setCopyCounter:
      return { name: 'setCopyCounter', msqid: reader.int32(), copyCounter: reader.uint32() }
    case CALL_TAG.restoreBegin:
      return { name: 'restoreBegin', header: readHeader(reader) }
    case CALL_TAG.restoreChunk:
      return { name: 'restoreChunk', restore: readTicket(reader), queues: reader.list(readQueue) }
    case CALL_TAG.restoreCommit:
      return { name: 'restoreCommit', restore: readTicket(reader) }
    case CALL_TAG.openSession:
      return { name: 'openSession' }
    case CALL_TAG.acknowledgeSession:
      return { name: 'acknowledgeSession', number: reader.uint() }
    case CALL_TAG.expireSession:
      return { name: 'expireSession', session: reader.uint() }
    default:
      throw reader.error(`the number of a call, not ${tag}`, 1)
  }
}

export function writeWaitingCall(writer: ByteWriter, { ticket, msqid, caller, call }: WaitingCall): void {
  writeTicket(writer, ticket)
  writer.int32(msqid)
  writeCaller(writer, caller)
  writeCall(writer, call)
}

export function readWaitingCall(reader: ByteReader): WaitingCall {
  const ticket = readTicket(reader)
  const msqid = reader.int32()
  const caller = readCaller(reader)
  const call = readCall(reader)
  if (call.name === 'msgsnd' || call.name === 'msgrcv' || call.name === 'copyAfter') {
    return { ticket, msqid, caller, call }
  }
  throw reader.error(`a call that waits: msgsnd, msgrcv or copyAfter, not ${call.name}`)
}

function writeMsgrcv(writer: ByteWriter, { msqid, msgsz, msgtyp, msgflg, hold }: Msgrcv): void {
  writer.int32(msqid)
  writer.int32(msgflg)
  writer.long(msgtyp)
  writer.int(msgsz)
  writer.byte(hold === undefined ? HOLD_ABSENT : hold ? HOLD_TRUE : HOLD_FALSE)
}

function readMsgrcv(reader: ByteReader): Msgrcv {
  const msqid = reader.int32()
  const msgflg = reader.int32()
  const msgtyp = reader.long()
  const msgsz = reader.int()
  const hold = reader.byte('hold')
  if (hold > HOLD_TRUE) throw reader.error('hold: 0, 1 or 2', 1)
  if (hold === HOLD_ABSENT) return { name: 'msgrcv', msqid, msgsz, msgtyp, msgflg }
  return { name: 'msgrcv', msqid, msgsz, msgtyp, msgflg, hold: hold === HOLD_TRUE }
}

const HAS_SETTINGS = 1

function writeMsgctl(writer: ByteWriter, { msqid, cmd, settings }: Msgctl): void {
  writer.byte(settings === undefined ? 0 : HAS_SETTINGS)
  writer.int32(msqid)
  writer.int32(cmd)
  if (settings === undefined) return
  writer.int(settings.perm.uid)
  writer.int(settings.perm.gid)
  writer.uint32(settings.perm.mode)
  writer.qbytes(settings.qbytes)
}

function readMsgctl(reader: ByteReader): Msgctl {
  const flags = reader.flags(HAS_SETTINGS)
  const call = { name: 'msgctl', msqid: reader.int32(), cmd: reader.int32() } as const
  return flags & HAS_SETTINGS ? { ...call, settings: readSettings(reader) } : call
}

function readSettings(reader: ByteReader): MsqidSettings {
  return { perm: { uid: reader.int(), gid: reader.int(), mode: reader.uint32() }, qbytes: reader.qbytes() }
}

/** The place of each limit is its flag. Of the format: never change the order. */
const LIMITS = ['msgmax', 'msgmnb', 'msgmni'] as const satisfies (keyof Limits)[]
const ALL_LIMITS = 7

function writeSomeLimits(writer: ByteWriter, limits: Partial<Limits>): void {
  writer.byte(LIMITS.reduce((flags, name, place) => (limits[name] === undefined ? flags : flags | (1 << place)), 0))
  for (const name of LIMITS) {
    const limit = limits[name]
    if (limit !== undefined) writer.int(limit)
  }
}

function readSomeLimits(reader: ByteReader): Partial<Limits> {
  const flags = reader.flags(ALL_LIMITS)
  const limits: { -readonly [Name in keyof Limits]?: number } = {}
  for (const [place, name] of LIMITS.entries()) if (flags & (1 << place)) limits[name] = reader.int()
  return limits
}
