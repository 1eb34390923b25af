import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aimed, entriesWithRestores, opening, options } from '../../test/engine/random-entries.ts'
import {
  ALL_CAPABILITIES,
  IPC_CREAT,
  IPC_NOWAIT,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  type Long,
  MSG_COPY,
} from '../abi/index.ts'
import { type Call, type Caller, Chronicle, Engine, type HistoryEvent, type Ticket } from './index.ts'

/** What a reader of the events believes to be on each queue: the numbers of its messages. */
class Believed {
  readonly queues = new Map<number, Set<number>>()
  /** Of queues that a restore brought, whose messages no event tells. */
  readonly restored = new Set<number>()

  see({ event, msqid, sequence = 0 }: HistoryEvent): void {
    if (event === 'removed') this.queues.delete(msqid)
    if (event === 'created' || event === 'restored') this.queues.set(msqid, new Set())
    if (event === 'created' || event === 'removed') this.restored.delete(msqid)
    if (event === 'restored') this.restored.add(msqid)
    const messages = this.queues.get(msqid)
    if (event === 'sent') {
      assert.ok(messages !== undefined && !messages.has(sequence), `${sequence} is sent to queue ${msqid}, once`)
      messages.add(sequence)
    }
    if (event === 'received' && !this.restored.has(msqid)) {
      assert.ok(messages?.delete(sequence), `${sequence} was on queue ${msqid}`)
    }
  }
}

test('Chronicle tells of every message that came and went, and of every queue', () => {
  let told = 0
  fc.assert(
    fc.property(options, entriesWithRestores, (made, entries) => {
      const engine = new Engine(made)
      const chronicle = new Chronicle(engine)
      const believed = new Believed()
      for (const each of [...opening, ...entries]) {
        for (const event of chronicle.apply(aimed(each, engine))) {
          believed.see(event)
          told++
        }
      }
      const queues = [...engine.namespace.identifiers.queues()]
      assert.deepEqual([...believed.queues.keys()].sort(), queues.map(({ msqid }) => msqid).sort())
      for (const { msqid, qnum } of queues) {
        if (!believed.restored.has(msqid)) assert.equal(believed.queues.get(msqid)?.size, qnum)
      }
    }),
    { numRuns: 2_000 },
  )
  assert.ok(told > 10_000, `${told} events`)
})

const receiver: Caller = { pid: 20, tid: 21, uid: 1000, gid: 1000, groups: [], capabilities: ALL_CAPABILITIES }
const sender: Caller = { pid: 30, tid: 31, uid: 1001, gid: 1001, groups: [], capabilities: ALL_CAPABILITIES }

/** What calls did, in words, the time of each being 1000 times its ticket's number. */
function tell(chronicle: Chronicle = new Chronicle(new Engine())) {
  return (number: number, caller: Caller, call: Call, session = 0): string[] =>
    chronicle
      .apply({ ticket: { session, number }, now: 1_000 * number, caller, call })
      .map(({ event, time, msqid, key, pid, uid, mtype, sizeBytes, sequence }) => {
        const message = mtype === undefined ? '' : ` ${mtype}:${sizeBytes}#${sequence}`
        return `${event} ${msqid} ${key}${message} at ${time} by ${pid}/${uid}`
      })
}

const make = (key: number): Call => ({ name: 'msgget', key, msgflg: IPC_CREAT | 0o666 })
const send = (mtype: Long, sizeBytes: number, msqid = 0): Call => {
  return { name: 'msgsnd', msqid, mtype, mtext: new Uint8Array(sizeBytes), msgflg: IPC_NOWAIT }
}
const receive = (msgflg = 0, hold = false): Call => {
  return { name: 'msgrcv', msqid: 0, msgsz: 100, msgtyp: 0, msgflg, hold }
}

test('Chronicle names what each call did, who did it and when; a call that failed or only looked did nothing', () => {
  const told = tell()
  assert.deepEqual(told(1, receiver, make(7)), ['created 0 7 at 1000 by 20/1000'])
  assert.deepEqual(told(2, sender, make(7)), [], 'it stood')
  assert.deepEqual(told(3, sender, send(5, 3)), ['sent 0 7 5:3#1 at 3000 by 30/1001'])
  assert.deepEqual(told(4, sender, send(6, 4)), ['sent 0 7 6:4#2 at 4000 by 30/1001'])
  assert.deepEqual(told(5, sender, send(0, 4)), [], 'EINVAL')
  assert.deepEqual(told(6, receiver, receive(MSG_COPY | IPC_NOWAIT)), [])
  assert.deepEqual(told(7, receiver, receive()), ['received 0 7 5:3#1 at 7000 by 20/1000'])
  assert.deepEqual(told(8, receiver, { name: 'msgctl', msqid: 0, cmd: IPC_STAT }), [])
  const settings = { perm: { uid: 1, gid: 1, mode: 0o666 }, qbytes: 100 }
  assert.deepEqual(told(9, sender, { name: 'msgctl', msqid: 0, cmd: IPC_SET, settings }), [
    'changed 0 7 at 9000 by 30/1001',
  ])
  assert.deepEqual(told(10, sender, { name: 'msgctl', msqid: 9, cmd: IPC_RMID }), [], 'EINVAL')
  assert.deepEqual(told(11, sender, { name: 'msgctl', msqid: 0, cmd: IPC_RMID }), ['removed 0 7 at 11000 by 30/1001'])
})

test('Chronicle tells that a message was sent before it tells who waited for it, each under his own name', () => {
  const told = tell()
  told(1, receiver, make(7))
  assert.deepEqual(told(2, receiver, receive()), [])
  assert.deepEqual(told(3, receiver, receive()), [])
  assert.deepEqual(told(4, sender, send(5, 3)), [
    'sent 0 7 5:3#1 at 4000 by 30/1001',
    'received 0 7 5:3#1 at 4000 by 20/1000',
  ])
  assert.deepEqual(told(5, sender, { name: 'interrupt', call: { session: 0, number: 3 } }), [], 'EINTR')
  assert.deepEqual(told(6, sender, send(5, 3)), ['sent 0 7 5:3#2 at 6000 by 30/1001'])
})

test('Chronicle numbers the messages of several senders that one receive let in, as they went', () => {
  const told = tell()
  told(1, receiver, make(7))
  const settings = { perm: { uid: 1, gid: 1, mode: 0o666 }, qbytes: 10 }
  told(2, receiver, { name: 'msgctl', msqid: 0, cmd: IPC_SET, settings })
  told(3, sender, send(1, 10))
  for (const number of [4, 5]) told(number, sender, { ...send(number, 5), msgflg: 0 } as Call)
  assert.deepEqual(told(6, receiver, receive()), [
    'received 0 7 1:10#1 at 6000 by 20/1000',
    'sent 0 7 4:5#2 at 6000 by 30/1001',
    'sent 0 7 5:5#3 at 6000 by 30/1001',
  ])
})

test('Chronicle knows the calls that waited before it came', () => {
  const engine = new Engine()
  const before = tell(new Chronicle(engine))
  before(1, receiver, make(7))
  before(2, receiver, receive())
  assert.deepEqual(tell(new Chronicle(engine))(3, sender, send(5, 3)), [
    'sent 0 7 5:3#1 at 3000 by 30/1001',
    'received 0 7 5:3#1 at 3000 by 20/1000',
  ])
})

test('Chronicle tells of a held message once it is accepted, by whoever received it', () => {
  const told = tell()
  const held = (number: number): Ticket => ({ session: 1, number })
  told(1, receiver, make(7))
  told(2, receiver, { name: 'openSession' }, 1)
  for (const number of [3, 4, 5, 6]) told(number, sender, send(number, number))
  for (const number of [7, 8, 9, 10]) assert.deepEqual(told(number, receiver, receive(0, true), 1), [])
  assert.deepEqual(told(11, sender, { name: 'accept', receive: held(8) }, 1), [
    'received 0 7 4:4#2 at 11000 by 20/1000',
  ])
  assert.deepEqual(told(12, sender, { name: 'accept', receive: held(8) }, 1), [], 'it is held no more')
  assert.deepEqual(told(13, sender, { name: 'acceptAll', receives: [9, 8, 9, 7] }, 1), [
    'received 0 7 5:5#3 at 13000 by 20/1000',
    'received 0 7 3:3#1 at 13000 by 20/1000',
  ])
  assert.deepEqual(told(14, sender, { name: 'refuse', receive: held(10) }, 1), [])
  assert.deepEqual(told(11, sender, { name: 'accept', receive: held(8) }, 1), [], 'the same ticket again')
})

test('Chronicle tells which queues a restore brought, once it is whole', () => {
  const told = tell()
  const engine = new Engine()
  const elsewhere = tell(new Chronicle(engine))
  elsewhere(1, sender, make(7))
  elsewhere(2, sender, make(8))
  const checkpoint = engine.checkpoint(sender, 9_000)
  assert.ok('queues' in checkpoint)
  const { queues, ...header } = checkpoint
  const restore = { session: 0, number: 3 }
  assert.deepEqual(told(3, receiver, { name: 'restoreBegin', header }), [])
  assert.deepEqual(told(4, receiver, { name: 'restoreChunk', restore, queues }), [])
  assert.deepEqual(told(5, receiver, { name: 'restoreCommit', restore }), [
    'restored 0 7 at 5000 by 20/1000',
    'restored 1 8 at 5000 by 20/1000',
  ])
  assert.deepEqual(told(6, receiver, { name: 'restoreCommit', restore }), [], 'EINVAL')
})

test('Chronicle tells nothing of what changed no queue: a session that found one, and a ticket that came again', () => {
  const told = tell()
  told(1, receiver, make(7))
  told(2, receiver, { name: 'openSession' }, 1)
  assert.deepEqual(told(3, receiver, make(7), 1), [], 'the answer is kept, and the queue stood')
  assert.deepEqual(told(4, receiver, send(5, 3), 1), ['sent 0 7 5:3#1 at 4000 by 20/1000'])
  assert.deepEqual(told(4, receiver, send(5, 3), 1), [])
})

test('Chronicle tells once of a queue that was removed, and of no send that waited for room on it', () => {
  const told = tell()
  told(1, receiver, make(7))
  told(2, receiver, {
    name: 'msgctl',
    msqid: 0,
    cmd: IPC_SET,
    settings: { perm: { uid: 1, gid: 1, mode: 0o666 }, qbytes: 10 },
  })
  told(3, sender, send(1, 10))
  for (const number of [4, 5]) assert.deepEqual(told(number, sender, { ...send(2, 5), msgflg: 0 } as Call), [])
  assert.deepEqual(told(6, receiver, { name: 'msgctl', msqid: 0, cmd: IPC_RMID }), ['removed 0 7 at 6000 by 20/1000'])
})
