import {
  IPC_NOWAIT,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  type Long,
  MSG_COPY,
  MSG_EXCEPT,
  MSG_NOERROR,
} from '../../src/abi/index.ts'
import type { KernelCall } from './calls.ts'

/** `qbytes` of the queues: two or three of the messages below fill one. */
export const QBYTES = 5

/** Room for the longest message below, and for none of two bytes. */
const AMPLE_BYTES = 16
const SHORT_BYTES = 1

/** A call by name. The queue's identifier is known only when it is made; `position` marks the payload. */
export interface Letter {
  readonly name: string
  readonly queue: 0 | 1
  readonly call: (msqid: number, position: number) => KernelCall
}

/** Sixteen calls on each of two queues, with messages of three types: 32 letters. */
export const ALPHABET: readonly Letter[] = ([0, 1] as const).flatMap((queue) => [
  send(queue, 1, 1),
  send(queue, 2, 2),
  send(queue, 3, 3),
  receive(queue, 'oldest', 0),
  receive(queue, 'type 2', 2),
  receive(queue, 'except type 1', 1, MSG_EXCEPT),
  receive(queue, 'at most 1', -1),
  receive(queue, 'at most 2', -2),
  receive(queue, 'at most 3', -3),
  receive(queue, 'oldest if short', 0, 0, SHORT_BYTES),
  receive(queue, 'oldest cut short', 0, MSG_NOERROR, SHORT_BYTES),
  receive(queue, 'copy of index 0', 0, MSG_COPY),
  receive(queue, 'copy of index 1', 1, MSG_COPY),
  letter(queue, 'stat', (msqid) => ({ name: 'msgctl', msqid, cmd: IPC_STAT })),
  letter(queue, 'qbytes 2', (msqid) => {
    return { name: 'msgctl', msqid, cmd: IPC_SET, settings: { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 2 } }
  }),
  letter(queue, 'remove', (msqid) => ({ name: 'msgctl', msqid, cmd: IPC_RMID })),
])

function send(queue: 0 | 1, mtype: number, sizeBytes: number): Letter {
  // The position in the sequence is the content, so that messages of one type are told apart.
  const payloads = [1, 2, 3, 4].map((position) => new Uint8Array(sizeBytes).fill(16 * mtype + position))
  return letter(queue, `send type ${mtype}`, (msqid, position) => {
    return { name: 'msgsnd', msqid, mtype, mtext: payloads[position] as Uint8Array, msgflg: IPC_NOWAIT }
  })
}

function receive(queue: 0 | 1, name: string, msgtyp: Long, flags = 0, msgsz: number = AMPLE_BYTES): Letter {
  return letter(queue, `receive ${name}`, (msqid) => {
    return { name: 'msgrcv', msqid, msgsz, msgtyp, msgflg: IPC_NOWAIT | flags }
  })
}

function letter(queue: 0 | 1, name: string, call: Letter['call']): Letter {
  return { name: `${'AB'[queue]}: ${name}`, queue, call }
}
