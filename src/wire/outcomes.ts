import { ERRNO, type ErrnoName, errnoName, type MsgInfo, type MsqidDs } from '../abi/index.ts'
import type { CheckpointMessage, Code, Limits, Message, SessionCode, Value } from '../engine/index.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readLimits, readMessage, writeLimits, writeMessage } from './queues.ts'

/** What a restore says of itself. As `RestoreReport` of the contract. */
export interface RestoredReport {
  readonly msqids: readonly number[]
  readonly notRestored: readonly { readonly msqid?: number; readonly field: string; readonly reason: string }[]
}

/** What a namespace of any kind answers: an engine's values, a message that tells less, and what is no entry's. */
export type AnswerValue = Value | CheckpointMessage | Limits | RestoredReport

/** How a call ended. */
export type Outcome = { readonly value: AnswerValue } | { readonly code: Code }

/** What an outcome is. Of the format: never change one, only add. */
const CODE = 0
const NUMBER = 1
const MESSAGE = 2
const MSQID_DS = 3
const INDEXED_STAT = 4
const NAMESPACE_INFO = 5
const LIMITS = 6
const REPORT = 7

/** The numbers of our own codes; an errno is its own number, below 128. */
const SESSION_CODE: Readonly<Record<SessionCode, number>> = {
  ERR_MSGQ_SESSION_EXPIRED: 129,
  ERR_MSGQ_TICKET_ACKNOWLEDGED: 130,
  ERR_MSGQ_SESSION_FULL: 131,
}
const SESSION_CODES = new Map((Object.keys(SESSION_CODE) as SessionCode[]).map((code) => [SESSION_CODE[code], code]))

export function writeValue(writer: ByteWriter, value: AnswerValue): void {
  if (typeof value === 'number') {
    writer.byte(NUMBER)
    return writer.int(value)
  }
  if ('mtext' in value) {
    writer.byte(MESSAGE)
    return writeMessage(writer, value)
  }
  if ('perm' in value) {
    writer.byte(MSQID_DS)
    return writeMsqidDs(writer, value)
  }
  if ('stat' in value) {
    writer.byte(INDEXED_STAT)
    writer.int32(value.msqid)
    return writeMsqidDs(writer, value.stat)
  }
  if ('info' in value) {
    writer.byte(NAMESPACE_INFO)
    writer.int(value.maxIndex)
    return writeMsgInfo(writer, value.info)
  }
  if ('msgmax' in value) {
    writer.byte(LIMITS)
    return writeLimits(writer, value)
  }
  writer.byte(REPORT)
  writeReport(writer, value)
}

export function writeCode(writer: ByteWriter, code: Code): void {
  writer.byte(CODE)
  writer.byte(isErrno(code) ? ERRNO[code] : SESSION_CODE[code])
}

export function readOutcome(reader: ByteReader): Outcome {
  const tag = reader.byte('an outcome')
  switch (tag) {
    case CODE:
      return { code: readCode(reader) }
    case NUMBER:
      return { value: reader.int() }
    case MESSAGE:
      return { value: readMessage(reader) }
    case MSQID_DS:
      return { value: readMsqidDs(reader) }
    case INDEXED_STAT:
      return { value: { msqid: reader.int32(), stat: readMsqidDs(reader) } }
    case NAMESPACE_INFO:
      return { value: { maxIndex: reader.int(), info: readMsgInfo(reader) } }
    case LIMITS:
      return { value: readLimits(reader) }
    case REPORT:
      return { value: readReport(reader) }
    default:
      throw reader.error(`an outcome, not ${tag}`, 1)
  }
}

/** Whether a value is one that no engine gives: a message that tells less, limits, a report. */
export function isAnswer(value: AnswerValue): value is Exclude<AnswerValue, Value> {
  if (typeof value === 'number') return false
  return 'msgmax' in value || 'notRestored' in value || ('mtext' in value && !isWhole(value))
}

function isWhole(message: CheckpointMessage): message is Message {
  return message.sequence !== undefined && message.sender !== undefined && message.time !== undefined
}

function isErrno(code: Code): code is ErrnoName {
  return code in ERRNO
}

function readCode(reader: ByteReader): Code {
  const number = reader.byte('a code')
  const code = errnoName(number) ?? SESSION_CODES.get(number)
  if (code === undefined) throw reader.error(`a code, not ${number}`, 1)
  return code
}

const HAS_COPY_COUNTER = 1

function writeMsqidDs(writer: ByteWriter, stat: MsqidDs): void {
  const { perm, copyCounter } = stat
  writer.byte(copyCounter === undefined ? 0 : HAS_COPY_COUNTER)
  writer.int32(perm.key)
  writer.uint32(perm.uid)
  writer.uint32(perm.gid)
  writer.uint32(perm.cuid)
  writer.uint32(perm.cgid)
  writer.uint32(perm.mode)
  writer.uint32(perm.seq)
  writer.int(stat.stime)
  writer.int(stat.rtime)
  writer.int(stat.ctime)
  writer.uint(stat.cbytes)
  writer.uint(stat.qnum)
  writer.qbytes(stat.qbytes)
  writer.int32(stat.lspid)
  writer.int32(stat.lrpid)
  if (copyCounter !== undefined) writer.uint32(copyCounter)
}

function readMsqidDs(reader: ByteReader): MsqidDs {
  const flags = reader.flags(HAS_COPY_COUNTER)
  const stat = {
    perm: {
      key: reader.int32(),
      uid: reader.uint32(),
      gid: reader.uint32(),
      cuid: reader.uint32(),
      cgid: reader.uint32(),
      mode: reader.uint32(),
      seq: reader.uint32(),
    },
    stime: reader.int(),
    rtime: reader.int(),
    ctime: reader.int(),
    cbytes: reader.uint(),
    qnum: reader.uint(),
    qbytes: reader.qbytes(),
    lspid: reader.int32(),
    lrpid: reader.int32(),
  }
  return flags & HAS_COPY_COUNTER ? { ...stat, copyCounter: reader.uint32() } : stat
}

function writeMsgInfo(writer: ByteWriter, info: MsgInfo): void {
  writer.int(info.pool)
  writer.int(info.map)
  writer.int(info.max)
  writer.int(info.mnb)
  writer.int(info.mni)
  writer.int(info.ssz)
  writer.int(info.tql)
  writer.int(info.seg)
}

function readMsgInfo(reader: ByteReader): MsgInfo {
  return {
    pool: reader.int(),
    map: reader.int(),
    max: reader.int(),
    mnb: reader.int(),
    mni: reader.int(),
    ssz: reader.int(),
    tql: reader.int(),
    seg: reader.int(),
  }
}

const HAS_MSQID = 1

function writeReport(writer: ByteWriter, { msqids, notRestored }: RestoredReport): void {
  writer.uint(msqids.length)
  for (const msqid of msqids) writer.int32(msqid)
  writer.uint(notRestored.length)
  for (const { msqid, field, reason } of notRestored) {
    writer.byte(msqid === undefined ? 0 : HAS_MSQID)
    if (msqid !== undefined) writer.int32(msqid)
    writer.text(field)
    writer.text(reason)
  }
}

function readReport(reader: ByteReader): RestoredReport {
  return {
    msqids: reader.list((each) => each.int32()),
    notRestored: reader.list((each) => {
      const flags = each.flags(HAS_MSQID)
      const msqid = flags & HAS_MSQID ? { msqid: each.int32() } : {}
      return { ...msqid, field: each.text(), reason: each.text() }
    }),
  }
}
