/** A worker thread that makes the calls it is asked for, one at a time, each for as long as the kernel lets it wait. */
import { closeSync, openSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { readLong, writeLong } from '../../src/abi/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../src/linux/index.ts'
import { Credentials, IDENTITIES, ROOT } from './credentials.ts'
import { Mailbox, type Request, SCENARIO_BYTES_MAX, STATE, TASK } from './mailbox.ts'

/** The message type stands before the payload. Source: msgsnd(2), struct msgbuf. */
const MTYPE_BYTES = 8

const mailbox = new Mailbox(workerData as SharedArrayBuffer)
const linux = linuxCalls()
const credentials = new Credentials()
const msgbuf = new Uint8Array(MTYPE_BYTES + SCENARIO_BYTES_MAX)
const view = new DataView(msgbuf.buffer)

mailbox.tid = linux.gettid()
mailbox.state = STATE.idle
for (let state = mailbox.state; state !== STATE.ending; state = mailbox.state) {
  if (state === STATE.asked) serve(mailbox.request)
  else mailbox.sleepWhile(state)
}
credentials.become(ROOT)

function serve(request: Request): void {
  credentials.become(IDENTITIES[request.identity] ?? ROOT)
  mailbox.state = STATE.calling
  const result = perform(request)
  const errno = result < 0 ? linux.errno() : 0
  mailbox.answer(result, errno, readLong(view, 0), msgbuf.subarray(MTYPE_BYTES))
  mailbox.state = STATE.done
}

function perform({ task, msqid, msgsz, msgflg, type, mtext }: Request): number {
  switch (task) {
    case TASK.msgsnd:
      writeLong(view, 0, type)
      msgbuf.set(mtext, MTYPE_BYTES)
      return linux.msgsnd(msqid, msgbuf, msgsz, msgflg)
    case TASK.msgrcv:
      return linux.msgrcv(msqid, msgbuf, msgsz, type, msgflg)
    case TASK.enterNamespace:
      return enterNamespace()
  }
}

/** /proc/PID is the main thread's entry, so its namespace is meant, not this thread's. */
function enterNamespace(): number {
  const file = openSync(`/proc/${process.pid}/ns/ipc`, 'r')
  try {
    return linux.setns(file, CLONE_NEWIPC)
  } finally {
    closeSync(file)
  }
}
