import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aimed, entries, opening, root } from '../../test/engine/random-entries.ts'
import { IPC_NOWAIT, IPC_RMID, IPCMNI } from '../abi/index.ts'
import { answerBytesOf } from './bounds.ts'
import {
  brokenInvariants,
  type Call,
  type Checkpoint,
  DEFAULT_BOUNDS,
  DEFAULT_LIMITS,
  Engine,
  loadState,
  MESSAGE_BYTES,
  type NamespaceOptions,
  pooledBytes,
  saveState,
} from './index.ts'

/** An engine whose calls are made one after the other. */
class Calls {
  readonly engine: Engine
  #number = 0

  constructor(options: NamespaceOptions) {
    this.engine = new Engine(options)
  }

  /** What the call ended in; `undefined` while it waits. */
  make(call: Call, session = 0): unknown {
    const ticket = { session, number: ++this.#number }
    const { completions } = this.engine.apply({ ticket, now: 1_000, caller: root, call })
    deepEqual(brokenInvariants(this.engine.namespace), [])
    const own = completions.find((completion) => completion.ticket.number === ticket.number)
    return own === undefined ? undefined : 'code' in own ? own.code : own.value
  }

  queue(): number {
    return Number(this.make({ name: 'msgget', key: 0, msgflg: 0o600 }))
  }
}

const send = (msqid: number, sizeBytes: number, msgflg = IPC_NOWAIT): Call => {
  return { name: 'msgsnd', msqid, mtype: 1, mtext: new Uint8Array(sizeBytes), msgflg }
}
const receive = (msqid: number, msgflg = IPC_NOWAIT): Call => {
  return { name: 'msgrcv', msqid, msgsz: 10_000, msgtyp: 0, msgflg }
}

test('msgsnd fills the pool of a namespace to its last byte, then is ENOMEM on every queue, before the queue is looked for', () => {
  const calls = new Calls({ bounds: { poolBytes: 2 * MESSAGE_BYTES + 300 } })
  const [one, other] = [calls.queue(), calls.queue()]
  equal(calls.make(send(one, 100)), 0)
  equal(calls.make(send(other, 201)), 'ENOMEM')
  equal(calls.make(send(other, 200)), 0)
  equal(pooledBytes(calls.engine.namespace), 2 * MESSAGE_BYTES + 300)
  equal(calls.make(send(one, 0)), 'ENOMEM')
  equal(calls.make(send(12_345, 0)), 'ENOMEM')
  // What has an errno of its own before the kernel makes room for the message keeps it.
  equal(calls.make(send(-1, 0)), 'EINVAL')
  ok(calls.make(receive(one)) !== 'ENOMSG')
  equal(calls.make(send(other, 100)), 0)
})

test('msgsnd that waits has its bytes in the pool, and gives them back however its wait ends', () => {
  const calls = new Calls({ limits: { msgmnb: 100 }, bounds: { poolBytes: 2 * MESSAGE_BYTES + 150 } })
  const msqid = calls.queue()
  equal(calls.make(send(msqid, 100)), 0)
  equal(calls.make(send(msqid, 50, 0)), undefined)
  equal(calls.make(send(msqid, 0, 0)), 'ENOMEM')
  // Room on the queue lets it in: it has its place in the pool already.
  ok(calls.make(receive(msqid)) !== 'ENOMSG')
  equal(pooledBytes(calls.engine.namespace), MESSAGE_BYTES + 50)
  equal(calls.make(send(msqid, 60, 0)), undefined)
  equal(calls.make({ name: 'msgctl', msqid, cmd: IPC_RMID }), 0)
  equal(pooledBytes(calls.engine.namespace), 0)
})

test('a call that would wait is ENOMEM where as many wait as may, and one that need not wait is made', () => {
  const calls = new Calls({ limits: { msgmnb: 10 }, bounds: { waitingCalls: 2 } })
  const [one, other] = [calls.queue(), calls.queue()]
  equal(calls.make(receive(one, 0)), undefined)
  equal(calls.make(send(other, 10)), 0)
  equal(calls.make(send(other, 10, 0)), undefined)
  equal(calls.make(receive(one, 0)), 'ENOMEM')
  equal(calls.make(send(other, 1, 0)), 'ENOMEM')
  const after = { name: 'copyAfter', msqid: one, sequence: 0, msgsz: 10, msgtyp: 0, msgflg: 0 } as const
  equal(calls.make(after), 'ENOMEM')
  equal(calls.make(receive(one)), 'ENOMSG')
  equal(calls.make(send(one, 5)), 0)
  equal(calls.make(receive(one, 0)), undefined)
})

test('what a session has not acknowledged is in the pool, until it acknowledges or ends', () => {
  const calls = new Calls({ bounds: { poolBytes: 2 * MESSAGE_BYTES + 200 } })
  const msqid = calls.queue()
  equal(calls.make({ name: 'openSession' }, 7), 0)
  equal(calls.make(send(msqid, 100), 7), 0)
  ok(typeof calls.make(receive(msqid), 7) === 'object')
  equal(calls.make(send(msqid, 100), 7), 0)
  ok(typeof calls.make(receive(msqid), 7) === 'object')
  equal(calls.make(send(msqid, 100), 7), 'ENOMEM')
  equal(calls.make({ name: 'acknowledgeSession', number: 1_000 }, 7), 0)
  equal(pooledBytes(calls.engine.namespace), 0)
  equal(calls.make({ name: 'expireSession', session: 7 }), 0)
})

test('restore is ENOMEM where its messages have no room, and what it had brought is given back', () => {
  const source = new Calls({})
  const msqid = source.queue()
  for (let count = 0; count < 5; count++) source.make(send(msqid, 100))
  const image = source.engine.checkpoint(root, 0) as Checkpoint
  const { queues, waiting: _, ...header } = image
  const calls = new Calls({ bounds: { poolBytes: 7 * (MESSAGE_BYTES + 100) } })
  calls.make({ name: 'restoreBegin', header })
  const restore = { session: 0, number: 1 }
  equal(calls.make({ name: 'restoreChunk', restore, queues }), 0)
  equal(calls.make({ name: 'restoreChunk', restore, queues }), 'ENOMEM')
  equal(calls.make(send(0, 300)), 'ENOMEM')
  equal(calls.make({ name: 'restoreCommit', restore }), 1)
  equal(pooledBytes(calls.engine.namespace), 5 * (MESSAGE_BYTES + 100))
})

test('answerBytesOf a message is its payload and what stands beside it, and nothing of any other answer', () => {
  const ticket = { session: 7, number: 1 }
  const message = { mtype: 1, mtext: new Uint8Array(30), sequence: 1, sender: { pid: 1, uid: 0 }, time: 0 }
  equal(answerBytesOf({ ticket, value: message }), MESSAGE_BYTES + 30)
  equal(answerBytesOf({ ticket, value: 30 }), 0)
  equal(answerBytesOf({ ticket, code: 'ENOSPC' }), 0)
})

test('DEFAULT_BOUNDS give messages eight times what queues of the default limits hold, and four waits to each queue', () => {
  equal(DEFAULT_BOUNDS.poolBytes, 8 * DEFAULT_LIMITS.msgmni * DEFAULT_LIMITS.msgmnb)
  equal(DEFAULT_BOUNDS.waitingCalls, 4 * IPCMNI)
})

test('apply keeps within small bounds whatever comes, and what was refused is in no replay', () => {
  const bounds = { poolBytes: 3 * MESSAGE_BYTES, waitingCalls: 2 }
  fc.assert(
    fc.property(entries, (log) => {
      const engine = new Engine({ bounds })
      const replayed = loadState(saveState(new Engine()))
      for (const entry of [...opening, ...log].map((each) => aimed(each, engine))) {
        const { changed, completions } = engine.apply(entry)
        deepEqual(brokenInvariants(engine.namespace), [])
        if (completions.some((completion) => 'code' in completion && completion.code === 'ENOMEM')) ok(!changed)
        if (changed) replayed.apply(entry)
      }
      deepEqual([...saveState(replayed)], [...saveState(engine)])
    }),
    { numRuns: 300 },
  )
})
