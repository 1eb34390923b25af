import { INT_MAX, UINT_MAX } from '../abi/index.ts'
import type { CheckpointMessage, CheckpointQueue, Sender } from '../engine/index.ts'
import { column, risingColumn, risingValuesOf, valuesOf } from './columns.ts'
import type { IpcnsQueue } from './ipcns-msg.ts'
import type { JsonObject } from './json-line.ts'
import { present } from './present.ts'

/** What our file keeps of a queue beside CRIU's: what its source does not tell is absent. */
export function queueAsJson(queue: CheckpointQueue): object {
  const { msqid, perm, qbytes, stime, rtime, ctime, lspid, lrpid, copyCounter, lastSequence, messages } = queue
  return {
    msqid,
    creator: { uid: perm.cuid, gid: perm.cgid },
    qbytes,
    stime,
    rtime,
    ctime,
    lspid,
    lrpid,
    copyCounter,
    lastSequence,
    messages: {
      count: messages.length,
      sequence: risingColumn(messages, (message) => message.sequence),
      pid: column(messages, (message) => message.sender?.pid),
      uid: column(messages, (message) => message.sender?.uid),
      time: risingColumn(messages, (message) => message.time),
    },
  }
}

/** Joins a line of our file with the queue of CRIU's file that it tells about. */
export function readQueueLine(line: JsonObject, ipcns: IpcnsQueue): CheckpointQueue {
  if (line.integer('msqid', 0, INT_MAX) !== ipcns.id) throw line.member('msqid', `${ipcns.id}, as in CRIU's file`)
  const time = (name: string) => line.optionalInteger(name, 0, Number.MAX_SAFE_INTEGER)
  const creator = line.object('creator')
  const told = {
    stime: time('stime'),
    rtime: time('rtime'),
    ctime: time('ctime'),
    lspid: line.optionalInteger('lspid', 0, INT_MAX),
    lrpid: line.optionalInteger('lrpid', 0, INT_MAX),
    copyCounter: line.optionalInteger('copyCounter', 0, UINT_MAX),
    lastSequence: line.optionalInteger('lastSequence', 0, Number.MAX_SAFE_INTEGER),
  }
  const messages = joinMessages(line.object('messages'), ipcns)
  const last = messages.at(-1)?.sequence ?? 0
  if (told.lastSequence !== undefined && told.lastSequence < last) throw line.member('lastSequence', `at least ${last}`)
  return {
    msqid: ipcns.id,
    perm: {
      ...permOf(ipcns),
      cuid: creator.integer('uid', 0, UINT_MAX),
      cgid: creator.integer('gid', 0, UINT_MAX),
    },
    // Above 2^53 a sign-extended int is a whole number still.
    qbytes: line.integer('qbytes', 0, 2 ** 64),
    ...present(told),
    messages,
  }
}

/** A queue as CRIU alone tells it. */
export function queueWithoutLine(ipcns: IpcnsQueue): CheckpointQueue {
  const messages = ipcns.messages.map(({ mtype, mtext }) => ({ mtype, mtext }))
  return { msqid: ipcns.id, perm: permOf(ipcns), qbytes: ipcns.qbytes, messages }
}

/** CRIU keeps the key unsigned. */
function permOf({ key, uid, gid, cuid, cgid, mode }: IpcnsQueue): CheckpointQueue['perm'] {
  return { key: key | 0, uid, gid, cuid, cgid, mode }
}

function joinMessages(columns: JsonObject, ipcns: IpcnsQueue): CheckpointMessage[] {
  const length = ipcns.messages.length
  if (columns.integer('count', 0, UINT_MAX) !== length) throw columns.member('count', `${length}, as in CRIU's file`)
  const sequences = risingValuesOf(columns.array('sequence'), length)
  const pids = valuesOf(columns.array('pid'), length)
  const uids = valuesOf(columns.array('uid'), length)
  const times = risingValuesOf(columns.array('time'), length)
  if (sequences === undefined) throw columns.member('sequence', `runs of ${length} numbers`)
  if (pids === undefined) throw columns.member('pid', `runs of ${length} numbers`)
  if (uids === undefined) throw columns.member('uid', `runs of ${length} numbers`)
  if (times === undefined) throw columns.member('time', `runs of ${length} numbers`)

  const tells = (values: Float64Array) => values.some((value) => !Number.isNaN(value))
  if (![sequences, pids, uids, times].some(tells)) return ipcns.messages.map(({ mtype, mtext }) => ({ mtype, mtext }))

  let last = 0
  let sender: Sender | undefined
  return ipcns.messages.map(({ mtype, mtext }, index) => {
    const sequence = told(sequences, index)
    const pid = told(pids, index)
    const uid = told(uids, index)
    const time = told(times, index)
    if (sequence !== undefined) {
      if (sequence <= last || !Number.isSafeInteger(sequence)) throw columns.member('sequence', 'rising from 1')
      last = sequence
    }
    if (time !== undefined && !isUpTo(time, Number.MAX_SAFE_INTEGER)) throw columns.member('time', 'times')
    if (pid !== undefined && !isUpTo(pid, INT_MAX)) throw columns.member('pid', 'process ids')
    if (uid !== undefined && !isUpTo(uid, UINT_MAX)) throw columns.member('uid', 'user ids')
    if ((pid === undefined) !== (uid === undefined)) throw columns.member('uid', 'told where the pid is')
    // Neighbours mostly have one sender: then they share the object.
    if (pid === undefined || uid === undefined) sender = undefined
    else if (sender?.pid !== pid || sender.uid !== uid) sender = { pid, uid }
    // Spelled out where all is told, as it mostly is: spreading a million times is slow.
    if (sequence !== undefined && sender !== undefined && time !== undefined) {
      return { mtype, mtext, sequence, sender, time }
    }
    return { mtype, mtext, ...present({ sequence, sender, time }) }
  })
}

function told(values: Float64Array, index: number): number | undefined {
  const value = values[index] ?? Number.NaN
  return Number.isNaN(value) ? undefined : value
}

function isUpTo(value: number, most: number): boolean {
  return value >= 0 && value <= most
}
