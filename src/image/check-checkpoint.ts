import { INT_MAX, IPCID_SEQ_MAX, IPCMNI, isLong, LONG_MAX, S_IRWXUGO, UINT_MAX } from '../abi/index.ts'
import type { Checkpoint, CheckpointQueue, MessageView } from '../engine/index.ts'

/**
 * Checks that a checkpoint can be written and read again, but for its messages, before anything is written.
 *
 * @throws {TypeError} Something is of another kind.
 * @throws {RangeError} A number is out of its range, or a queue is there twice. Names which.
 */
export function checkCheckpoint(checkpoint: Checkpoint): void {
  if (typeof checkpoint !== 'object' || checkpoint === null) throw new TypeError('a checkpoint must be an object')
  const { time, limits, nextId, identifiers, queues, waiting } = checkpoint
  within('time', time, 0, Number.MAX_SAFE_INTEGER)
  within('msgmax', limits.msgmax, 0, INT_MAX)
  within('msgmnb', limits.msgmnb, 0, INT_MAX)
  within('msgmni', limits.msgmni, 0, INT_MAX)
  within('nextId', nextId, -1, INT_MAX)
  if (identifiers !== undefined) {
    within('nextIndex', identifiers.nextIndex, 0, IPCMNI)
    within('lastIndex', identifiers.lastIndex, -1, IPCMNI - 1)
    within('sequence', identifiers.sequence, 0, IPCID_SEQ_MAX - 1)
  }
  if (!Array.isArray(queues)) throw new TypeError('the queues of a checkpoint must be an array')
  if (!Array.isArray(waiting)) throw new TypeError('the waiting calls of a checkpoint must be an array')
  within('the number of queues', queues.length, 0, IPCMNI)
  const msqids = new Set<number>()
  for (const queue of queues) {
    within('msqid', queue.msqid, 0, INT_MAX)
    if (msqids.has(queue.msqid)) throw new RangeError(`queue ${queue.msqid} is in the checkpoint twice`)
    msqids.add(queue.msqid)
    checkQueue(queue)
    if (queue.messages?.[Symbol.iterator] === undefined) throw new TypeError('the messages of a queue must be iterable')
  }
}

function checkQueue(queue: CheckpointQueue): void {
  const { msqid, perm } = queue
  const check = (name: string, value: number | undefined, least: number, most: number) => {
    if (value !== undefined) within(`queue ${msqid}: ${name}`, value, least, most)
  }
  check('key', perm.key, -INT_MAX - 1, INT_MAX)
  check('uid', perm.uid, 0, UINT_MAX)
  check('gid', perm.gid, 0, UINT_MAX)
  check('cuid', perm.cuid, 0, UINT_MAX)
  check('cgid', perm.cgid, 0, UINT_MAX)
  check('mode', perm.mode, 0, S_IRWXUGO)
  check('qbytes', queue.qbytes, 0, 2 ** 64)
  check('stime', queue.stime, 0, Number.MAX_SAFE_INTEGER)
  check('rtime', queue.rtime, 0, Number.MAX_SAFE_INTEGER)
  check('ctime', queue.ctime, 0, Number.MAX_SAFE_INTEGER)
  check('lspid', queue.lspid, 0, INT_MAX)
  check('lrpid', queue.lrpid, 0, INT_MAX)
  check('copyCounter', queue.copyCounter, 0, UINT_MAX)
  check('lastSequence', queue.lastSequence, 0, Number.MAX_SAFE_INTEGER)
}

/** Why a message cannot be written behind one of the sequence number `last`. */
export function faultOf(message: MessageView, last: number): string | undefined {
  const { mtype, source, sequence, sender, time } = message
  if (!isLong(mtype) || mtype < 1) return `mtype must be from 1 to ${LONG_MAX}, not ${mtype}`
  if (source === undefined && !(message.mtext instanceof Uint8Array)) return 'mtext must be a Uint8Array'
  if (sequence !== undefined && !(Number.isSafeInteger(sequence) && sequence > last)) return 'sequence must rise'
  if (time !== undefined && !(Number.isSafeInteger(time) && time >= 0)) return 'time must be milliseconds since 1970'
  if (sender === undefined) return undefined
  if (!Number.isInteger(sender.pid) || sender.pid < 0 || sender.pid > INT_MAX) return 'the sender must have a pid'
  if (!Number.isInteger(sender.uid) || sender.uid < 0 || sender.uid > UINT_MAX) return 'the sender must have a uid'
  return undefined
}

function within(name: string, value: number, least: number, most: number): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, not ${typeof value}`)
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`)
}
