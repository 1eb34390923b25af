import { INT_MAX, UINT_MAX } from '../abi/index.ts'
import type { CheckpointQueue } from '../engine/index.ts'
import type { IpcnsEntry } from './ipcns-msg-decoder.ts'
import type { JsonObject } from './json-line.ts'
import { type MessageColumns, ToldColumns } from './message-columns.ts'
import { present } from './present.ts'

/** What our file keeps of a queue beside CRIU's: what its source does not tell is absent. */
export function queueAsJson(queue: CheckpointQueue, columns: MessageColumns | undefined): object {
  const { msqid, perm, qbytes, stime, rtime, ctime, lspid, lrpid, copyCounter, lastSequence } = queue
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
    messages: columns?.end(),
  }
}

/** What both files tell of a queue before its messages. */
export interface QueueHead extends Omit<CheckpointQueue, 'messages'> {
  /** What ours tells of the messages. */
  readonly told?: ToldColumns
}

/** Joins a line of our file with the queue of CRIU's file that it tells about. */
export function readQueueLine(line: JsonObject, ipcns: IpcnsEntry): QueueHead {
  if (line.integer('msqid', 0, INT_MAX) !== ipcns.id) throw line.member('msqid', `${ipcns.id}, as in CRIU's file`)
  const time = (name: string) => line.optionalInteger(name, 0, Number.MAX_SAFE_INTEGER)
  const creator = line.object('creator')
  const optional = {
    stime: time('stime'),
    rtime: time('rtime'),
    ctime: time('ctime'),
    lspid: line.optionalInteger('lspid', 0, INT_MAX),
    lrpid: line.optionalInteger('lrpid', 0, INT_MAX),
    copyCounter: line.optionalInteger('copyCounter', 0, UINT_MAX),
    lastSequence: line.optionalInteger('lastSequence', 0, Number.MAX_SAFE_INTEGER),
  }
  const told = new ToldColumns(line.object('messages'), ipcns.qnum)
  const last = told.lastSequence
  if (optional.lastSequence !== undefined && optional.lastSequence < last)
    throw line.member('lastSequence', `at least ${last}`)
  return {
    msqid: ipcns.id,
    perm: {
      ...permOf(ipcns),
      cuid: creator.integer('uid', 0, UINT_MAX),
      cgid: creator.integer('gid', 0, UINT_MAX),
    },
    // Above 2^53 a sign-extended int is a whole number still.
    qbytes: line.integer('qbytes', 0, 2 ** 64),
    ...present(optional),
    told,
  }
}

/** A queue as CRIU alone tells it. */
export function queueWithoutLine(ipcns: IpcnsEntry): QueueHead {
  return { msqid: ipcns.id, perm: permOf(ipcns), qbytes: ipcns.qbytes }
}

/** CRIU keeps the key unsigned. */
function permOf({ key, uid, gid, cuid, cgid, mode }: IpcnsEntry): CheckpointQueue['perm'] {
  return { key: key | 0, uid, gid, cuid, cgid, mode }
}
