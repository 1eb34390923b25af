/** A client of a soak: `client-main.js SOCKET SEED`: makes calls of every kind, a little slower than it could, until its parent says stop. */
import { setTimeout as delay } from 'node:timers/promises'
import { IPC_CREAT, IPC_NOWAIT, IPC_RMID, IPC_STAT, MSG_COPY } from '../../src/abi/index.ts'
import { BackendError, type IpcNamespace, SyscallError } from '../../src/contract/index.ts'
import { connect } from '../daemon/crash/connect.ts'
import { Random } from '../oracle/random.ts'
import { SOAKED_KEYS, TEXT_BYTES_MAX } from './load.ts'

const WORKERS = 4
/** Between two calls of a worker, at most: the machine shall do other things too. */
const PAUSE_MS_MAX = 8
const WAIT_MS_MAX = 60
const TYPES = 5

const [socket = '', seed = '0'] = process.argv.slice(2)
const random = new Random(Number(seed))
const namespace = await connect(socket)
const ended = new AbortController()
let calls = 0
process.on('message', () => ended.abort())
process.on('disconnect', () => ended.abort())
// Told while it goes on, for it may be killed.
const telling = setInterval(tell, 500)
await Promise.all(Array.from({ length: WORKERS }, work))
await namespace.close().catch(ignoreUnavailable)
clearInterval(telling)
tell()
process.disconnect?.()

function tell(): void {
  if (process.connected) process.send?.({ calls })
  calls = 0
}

async function work(): Promise<void> {
  while (!ended.signal.aborted) {
    try {
      await oneCall(namespace, await namespace.msgget(random.pick(SOAKED_KEYS), IPC_CREAT | 0o600))
    } catch (error) {
      ignoreRefusal(error)
    }
    calls++
    await delay(random.below(PAUSE_MS_MAX + 1))
  }
}

async function oneCall(namespace: IpcNamespace, msqid: number): Promise<unknown> {
  const signal = AbortSignal.timeout(random.between(1, WAIT_MS_MAX))
  const [msgflg, options] = random.chance(50) ? [IPC_NOWAIT, {}] : [0, { signal }]
  const mtype = random.between(1, TYPES)
  const most = TEXT_BYTES_MAX
  switch (
    random.weighted({ send: 45, receive: 25, hold: 8, copy: 8, cursor: 4, stat: 4, temporary: 4, checkpoint: 2 })
  ) {
    case 'send':
      return namespace.msgsnd(msqid, { mtype, mtext: new Uint8Array(random.between(0, most)) }, msgflg, options)
    case 'receive':
      return namespace.msgrcv(msqid, most, random.between(-TYPES, TYPES), msgflg, options)
    case 'hold': {
      const held = await namespace.msgrcv(msqid, most, 0, msgflg, { ...options, hold: true })
      // Some are left to the end of the session.
      return random.chance(40) ? held.accept() : random.chance(90) ? held.refuse() : undefined
    }
    case 'copy':
      return namespace.msgrcv(msqid, most, random.below(20), MSG_COPY | IPC_NOWAIT)
    case 'cursor':
      return namespace.copyAfter(msqid, random.below(1000), most, 0, IPC_NOWAIT)
    case 'stat':
      return namespace.msgctl(msqid, IPC_STAT)
    case 'temporary': {
      const own = await namespace.msgget(0, 0o600)
      await namespace.msgsnd(own, { mtype, mtext: new Uint8Array(most) }, IPC_NOWAIT)
      return namespace.msgctl(own, IPC_RMID)
    }
    case 'checkpoint': {
      const { queues } = await namespace.checkpoint()
      return queues.length
    }
  }
}

/** What others do to a queue meanwhile, and what a restart of the daemon leaves in doubt. */
function ignoreRefusal(error: unknown): void {
  const isExpected =
    error instanceof SyscallError ||
    error instanceof BackendError ||
    (error instanceof DOMException && error.name === 'TimeoutError')
  if (!isExpected) throw error
}

function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof BackendError)) throw error
}
