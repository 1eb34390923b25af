import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, msgrcv, msgsnd, ROOT } from '../../test/engine/driven.ts'
import { IPC_NOWAIT } from '../abi/index.ts'
import { type Call, MESSAGE_BYTES, type Ticket } from './index.ts'
import { SESSION_ANSWERS_MAX } from './sessions.ts'

const open = { name: 'openSession' } as const
const expire = (session: number) => ({ name: 'expireSession', session }) as const
const acknowledge = (number: number) => ({ name: 'acknowledgeSession', number }) as const
const of = (session: number, number: number) => ({ session, number })
const interrupt = (call: Ticket) => ({ name: 'interrupt', call }) as const

/** An engine with a queue, the sessions 1 and 2, and calls of theirs. */
function withSessions() {
  const driven = new Driven()
  driven.queue()
  assert.deepEqual(driven.call(open, of(1, 2)), ['1:2 0'])
  assert.deepEqual(driven.call(open, of(2, 2)), ['2:2 0'])
  return driven
}

test('openSession finds a session that is open as it was, and is not for session 0', () => {
  const driven = withSessions()
  assert.deepEqual(driven.call(msgsnd(0, 1, 'a'), of(1, 3)), ['1:3 0'])
  assert.deepEqual(driven.call(open, of(1, 4)), ['1:4 0'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'a'), of(1, 3)), ['1:3 0'], 'answered as before')
  assert.equal(driven.engine.namespace.messageCount, 1)
  assert.deepEqual(driven.call(open), ['5 EINVAL'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'b'), of(3, 9)), ['3:9 ERR_MSGQ_SESSION_EXPIRED'])
})

test('a ticket that waits is not asked twice, and one of session 0 is never repeated', () => {
  const driven = withSessions()
  assert.deepEqual(driven.call(msgrcv(0), of(1, 3)), [])
  assert.deepEqual(driven.call(msgrcv(0), of(1, 3)), [])
  assert.equal(driven.engine.waiting().length, 1)
  assert.deepEqual(driven.call(msgsnd(0, 1, 'a'), { number: 4 }), ['1:3 "a"', '4 0'])
  assert.deepEqual(driven.call(msgrcv(0), of(1, 3)), ['1:3 "a"'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'b'), { number: 4 }), ['4 0'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'c'), { number: 4 }), ['4 0'])
  assert.equal(driven.engine.namespace.messageCount, 2)
})

test('what changed nothing is asked again: its answer is not kept', () => {
  const driven = withSessions()
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgflg: IPC_NOWAIT }), of(1, 3)), ['1:3 ENOMSG'])
  driven.call(msgsnd(0, 1, 'a'))
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgflg: IPC_NOWAIT }), of(1, 3)), ['1:3 "a"'])
})

test('acknowledgeSession forgets answers up to a number, and never fewer than before', () => {
  const driven = withSessions()
  for (const number of [3, 4, 5]) driven.call(msgsnd(0, 1, 'a'), of(1, number))
  assert.deepEqual(driven.call(acknowledge(4), of(1, 6)), ['1:6 0'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'a'), of(1, 3)), ['1:3 ERR_MSGQ_TICKET_ACKNOWLEDGED'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'a'), of(1, 4)), ['1:4 ERR_MSGQ_TICKET_ACKNOWLEDGED'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'a'), of(1, 5)), ['1:5 0'])
  assert.equal(driven.engine.namespace.messageCount, 3)
  assert.deepEqual(driven.call(acknowledge(3), of(1, 2)), ['1:2 0'], 'an old number acknowledges still')
  assert.equal(driven.engine.namespace.sessions.get(1)?.acknowledged, 4)
  const { changed } = driven.engine.apply({ ticket: of(1, 7), now: 0, caller: ROOT, call: acknowledge(4) })
  assert.equal(changed, false)
  assert.deepEqual(driven.call(acknowledge(4)), ['7 EINVAL'], 'session 0 has no answers')
  assert.deepEqual(driven.call(acknowledge(4), of(9, 8)), ['9:8 ERR_MSGQ_SESSION_EXPIRED'])
})

test('expireSession ends what one session waits for, holds and restores, and nothing of another', () => {
  const driven = withSessions()
  const header = { time: 0, limits: { msgmax: 1, msgmnb: 1, msgmni: 1 }, nextId: -1 }
  for (const session of [1, 2]) {
    driven.call({ name: 'restoreBegin', header }, of(session, 3))
    driven.call(msgrcv(0, 5), of(session, 4))
    driven.call(msgsnd(0, 1, `${session}`))
    assert.deepEqual(driven.call(msgrcv(0, 0, { hold: true }), of(session, 5)), [`${session}:5 "${session}"`])
  }
  assert.deepEqual(driven.call(expire(2), of(1, 9)), ['1:9 EPERM'])
  assert.deepEqual(driven.call(expire(3), of(1, 10)), ['1:10 EINVAL'])
  assert.deepEqual(driven.call(expire(1), { number: 20 }), ['1:4 EINTR', '20 0'])
  const { namespace } = driven.engine
  assert.deepEqual([...namespace.restores.keys()], ['2:3'])
  assert.deepEqual(
    [...namespace.held.values()].map(({ receive }) => receive.session),
    [2],
  )
  assert.deepEqual(
    driven.engine.waiting().map(({ ticket }) => ticket.session),
    [2],
  )
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgflg: IPC_NOWAIT })), ['21 "1"'], 'what it held is there again')
  assert.deepEqual(driven.call(expire(2), of(2, 22)), ['2:4 EINTR', '2:22 0'], 'its own')
  assert.equal(namespace.sessions.size, 0)
})

test('interrupt ends a call that waits; of another session, or one that has ended, it ends none', () => {
  const driven = withSessions()
  driven.call(msgrcv(0), of(1, 3))
  assert.deepEqual(driven.call(interrupt(of(1, 3)), of(2, 4)), ['2:4 0'])
  assert.deepEqual(driven.call(interrupt(of(1, 4)), of(1, 5)), ['1:5 0'])
  assert.deepEqual(driven.call(interrupt(of(1, 3)), of(1, 6)), ['1:3 EINTR', '1:6 1'])
  assert.deepEqual(driven.call(interrupt(of(1, 3)), of(1, 7)), ['1:7 0'])
  driven.call(msgrcv(0), of(1, 8))
  assert.deepEqual(driven.call(interrupt(of(1, 8)), { number: 9 }), ['1:8 EINTR', '9 1'], 'session 0 speaks for all')
})

test('accept and refuse are for the session that holds, and for session 0; acceptAll counts what was held', () => {
  const driven = withSessions()
  const accept = (receive: Ticket) => ({ name: 'accept', receive }) as const
  const refuse = (receive: Ticket) => ({ name: 'refuse', receive }) as const
  for (const number of [3, 4, 5, 6]) {
    driven.call(msgsnd(0, 1, `${number}`))
    assert.deepEqual(driven.call(msgrcv(0, 0, { hold: true }), of(1, number)), [`1:${number} "${number}"`])
  }
  assert.deepEqual(driven.call(accept(of(1, 3)), of(2, 10)), ['2:10 EINVAL'])
  assert.deepEqual(driven.call(refuse(of(1, 3)), of(2, 11)), ['2:11 EINVAL'])
  assert.deepEqual(driven.call({ name: 'acceptAll', receives: [3, 4] }, of(2, 12)), ['2:12 0'])
  assert.equal(driven.engine.namespace.messageCount, 4)
  assert.deepEqual(driven.call(accept(of(1, 3)), { number: 13 }), ['13 0'])
  assert.deepEqual(driven.call({ name: 'acceptAll', receives: [3, 4, 4, 5] }, of(1, 14)), ['1:14 2'])
  assert.equal(driven.engine.namespace.messageCount, 1)
  driven.call(msgrcv(0), of(2, 15))
  const { changed } = driven.engine.apply({ ticket: of(1, 16), now: 0, caller: ROOT, call: refuse(of(1, 6)) })
  assert.equal(changed, true)
  assert.equal(driven.engine.namespace.messageCount, 0, 'who waited has it')
})

test('a refuse that nobody waits for shows the message, and is a change that a journal must have', () => {
  const driven = withSessions()
  driven.call(msgsnd(0, 1, 'a'))
  driven.call(msgrcv(0, 0, { hold: true }), of(1, 3))
  const call = { name: 'refuse', receive: of(1, 3) } as const
  const { changed } = driven.engine.apply({ ticket: of(1, 4), now: 0, caller: ROOT, call })
  assert.equal(changed, true)
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgflg: IPC_NOWAIT })), ['4 "a"'])
})

test('openSession, acknowledgeSession, expireSession and interrupt are changes when they change something, and else none', () => {
  const driven = withSessions()
  driven.call(msgrcv(0), of(2, 3))
  let number = 20
  const isChange = (call: Call, session = 0) =>
    driven.engine.apply({ ticket: of(session, ++number), now: 0, caller: ROOT, call }).changed
  assert.deepEqual([isChange(open, 5), isChange(open, 5)], [true, false])
  assert.deepEqual([isChange(acknowledge(4), 5), isChange(acknowledge(4), 5)], [true, false])
  assert.deepEqual([isChange(interrupt(of(2, 3))), isChange(interrupt(of(2, 3)))], [true, false])
  // A session that left nothing behind.
  assert.deepEqual([isChange(expire(5)), isChange(expire(5))], [true, false])
})

test('openSession and acknowledgeSession leave no answers: what is repeated of them is made again', () => {
  const driven = withSessions()
  driven.call(msgsnd(0, 1, 'a'), of(1, 3))
  assert.deepEqual(driven.call(acknowledge(3), of(1, 4)), ['1:4 0'])
  driven.call(acknowledge(5), of(1, 6))
  const kept = () => [...driven.engine.namespace.sessions.values()].map(({ answers }) => answers.size)
  assert.deepEqual(kept(), [0, 0])
  assert.equal(driven.engine.wasMade(of(1, 6)), false)
  driven.call(msgsnd(0, 1, 'a'), of(1, 7))
  assert.deepEqual(kept(), [1, 0])
})

test('acknowledgeSession and expireSession give back what the messages of forgotten answers took', () => {
  const driven = withSessions()
  const { namespace } = driven.engine
  for (const number of [3, 4, 5]) {
    driven.call(msgsnd(0, 1, 'abc'))
    assert.deepEqual(driven.call(msgrcv(0), of(1, number)), [`1:${number} "abc"`])
  }
  assert.equal(namespace.answerBytes, 3 * (MESSAGE_BYTES + 3))
  driven.call(acknowledge(4), of(1, 6))
  assert.equal(namespace.answerBytes, MESSAGE_BYTES + 3)
  driven.call(expire(1))
  assert.equal(namespace.answerBytes, 0)
})

test('wasMade says of each ticket whether its call was answered or waits, also of a session that is not open', () => {
  const driven = withSessions()
  driven.call(msgrcv(0, 5), of(2, 3))
  driven.call(msgsnd(0, 1, 'a'), of(1, 3))
  const made = [of(1, 3), of(1, 4), of(2, 3), of(9, 3), of(0, 1)].map((ticket) => driven.engine.wasMade(ticket))
  assert.deepEqual(made, [true, false, true, false, false])
})

test('a session that never acknowledges is stopped at SESSION_ANSWERS_MAX, and goes on once it does', () => {
  const driven = new Driven()
  driven.call(open, of(9, 1))
  const { engine } = driven
  const answers = engine.namespace.sessions.get(9)?.answers
  for (let number = 1; number < SESSION_ANSWERS_MAX; number++) answers?.set({ ticket: of(9, number), value: 0 })
  const call = { name: 'msgget', key: 0, msgflg: 0 } as const
  const make = (number: number) => engine.apply({ ticket: of(9, number), now: 0, caller: ROOT, call }).completions
  const next = SESSION_ANSWERS_MAX + 1
  assert.deepEqual(make(next), [{ ticket: of(9, next), value: 0 }], 'one more may be left')
  assert.deepEqual(make(next + 1), [{ ticket: of(9, next + 1), code: 'ERR_MSGQ_SESSION_FULL' }])
  assert.deepEqual(make(next), [{ ticket: of(9, next), value: 0 }], 'what was answered is answered again')
  assert.deepEqual(driven.call(acknowledge(1), of(9, next + 2)), [`9:${next + 2} 0`])
  assert.deepEqual(make(next + 1), [{ ticket: of(9, next + 1), value: 1 }])
})
