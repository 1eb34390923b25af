import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALL_CAPABILITIES, IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, MSG_COPY } from '../abi/index.ts'
import { brokenInvariants, type Call, type Caller, type Completion, Engine, type Ticket } from './index.ts'

const root: Caller = { pid: 10, tid: 11, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }

/** An engine with one queue, and calls that say which tickets they ended, and how. */
function drive() {
  const engine = new Engine()
  let number = 0
  let now = 1_000_000
  const apply = (call: Call, ticket: Ticket = { session: 0, number: ++number }) => {
    const { completions } = engine.apply({ ticket, now, caller: root, call })
    now += 1000
    assert.deepEqual(brokenInvariants(engine.namespace), [])
    return { ticket, ended: completions.map(ended) }
  }
  apply({ name: 'msgget', key: 0, msgflg: 0o600 })
  const send = (text: string, mtype = 1, msgflg = 0) =>
    apply({ name: 'msgsnd', msqid: 0, mtype, mtext: Uint8Array.from(text, (c) => c.charCodeAt(0)), msgflg })
  const receive = (
    msgtyp: number,
    { hold = false, msgflg = 0, ticket }: { hold?: boolean; msgflg?: number; ticket?: Ticket } = {},
  ) => apply({ name: 'msgrcv', msqid: 0, msgsz: 100, msgtyp, msgflg, hold }, ticket)
  const stat = () => {
    const { completions } = engine.apply({
      ticket: { session: 0, number: ++number },
      now,
      caller: root,
      call: { name: 'msgctl', msqid: 0, cmd: IPC_STAT },
    })
    const [completion] = completions
    assert.ok(completion && 'value' in completion && typeof completion.value === 'object' && 'qnum' in completion.value)
    return completion.value
  }
  return { engine, apply, send, receive, stat }
}

function ended(completion: Completion): string {
  const { session, number } = completion.ticket
  const name = session === 0 ? `${number}` : `${session}:${number}`
  if ('code' in completion) return `${name} ${completion.code}`
  const { value } = completion
  return typeof value === 'object' && 'mtext' in value ? `${name} ${String.fromCharCode(...value.mtext)}` : `${name} ok`
}

test('a held message is hidden from receives, and still counted and copied', () => {
  const { send, receive, stat } = drive()
  send('A')
  send('B')
  const before = stat()
  const texts = ({ ended }: { ended: string[] }) => ended.map((end) => end.split(' ')[1])
  assert.deepEqual(texts(receive(0, { hold: true })), ['A'])
  assert.deepEqual(stat(), before, 'nothing is received yet: no time, no pid, no count')
  assert.deepEqual(texts(receive(0, { msgflg: MSG_COPY | IPC_NOWAIT })), ['A'])
  assert.deepEqual(texts(receive(0, { msgflg: IPC_NOWAIT })), ['B'])
  assert.deepEqual(texts(receive(0, { msgflg: IPC_NOWAIT })), ['ENOMSG'])
})

test('accept is the receive: count, time and pid change, and a waiting sender gets the room', () => {
  const { apply, send, receive, stat } = drive()
  apply({ name: 'msgctl', msqid: 0, cmd: IPC_SET, settings: { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 1 } })
  send('A')
  const held = receive(0, { hold: true })
  assert.deepEqual(send('B').ended, [], 'the held message takes its room')
  const accepted = apply({ name: 'accept', receive: held.ticket })
  assert.deepEqual(accepted.ended, ['6 ok', '5 ok'], 'then the sender is woken')
  const { qnum, rtime, lrpid } = stat()
  assert.deepEqual({ qnum, lrpid }, { qnum: 1, lrpid: 10 })
  assert.ok(rtime > 0)
  assert.deepEqual(
    apply({ name: 'accept', receive: held.ticket }).ended.map((end) => end.split(' ')[1]),
    ['EINVAL'],
  )
})

test('refuse shows the message at its place again, and hands it to whoever waits', () => {
  const { apply, send, receive } = drive()
  send('A')
  send('B')
  const held = receive(0, { hold: true })
  apply({ name: 'refuse', receive: held.ticket })
  assert.deepEqual(receive(0, { msgflg: IPC_NOWAIT }).ended, ['6 A'], 'before B, where it stood')

  const again = receive(0, { hold: true })
  assert.deepEqual(receive(0).ended, [], 'nothing else is there')
  assert.deepEqual(apply({ name: 'refuse', receive: again.ticket }).ended, ['8 B', '9 ok'])
})

test('refuse frees room when a waiting receiver takes the message', () => {
  const { apply, send, receive } = drive()
  apply({ name: 'msgctl', msqid: 0, cmd: IPC_SET, settings: { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 1 } })
  send('A')
  const held = receive(0, { hold: true })
  receive(0)
  send('B')
  assert.deepEqual(apply({ name: 'refuse', receive: held.ticket }).ended, ['5 A', '6 ok', '7 ok'])
})

test('a waiting receive that holds gets the message in hand, and the queue keeps it counted', () => {
  const { apply, send, receive, stat } = drive()
  const held = receive(0, { hold: true })
  assert.deepEqual(send('A').ended, ['2 A', '3 ok'])
  assert.equal(stat().qnum, 1)
  apply({ name: 'accept', receive: held.ticket })
  assert.equal(stat().qnum, 0)
})

test('removing a queue ends its holds', () => {
  const { apply, send, receive } = drive()
  send('A')
  const held = receive(0, { hold: true })
  apply({ name: 'msgctl', msqid: 0, cmd: IPC_RMID })
  assert.deepEqual(apply({ name: 'refuse', receive: held.ticket }).ended, ['5 EINVAL'])
})

test('a repeated ticket gets the same held message again, and the queue is touched once', () => {
  const { apply, send, receive, stat } = drive()
  apply({ name: 'openSession' }, { session: 9, number: 0 })
  send('A')
  send('B')
  const ticket = { session: 9, number: 1 }
  assert.deepEqual(receive(0, { hold: true, ticket }).ended, ['9:1 A'])
  assert.deepEqual(receive(0, { hold: true, ticket }).ended, ['9:1 A'])
  assert.deepEqual(apply({ name: 'accept', receive: ticket }, { session: 9, number: 2 }).ended, ['9:2 ok'])
  assert.deepEqual(apply({ name: 'accept', receive: ticket }, { session: 9, number: 2 }).ended, ['9:2 ok'])
  assert.equal(stat().qnum, 1)
})

test('a session speaks only for its own receives', () => {
  const { apply, send, receive } = drive()
  for (const session of [8, 9]) apply({ name: 'openSession' }, { session, number: 0 })
  send('A')
  receive(0, { hold: true, ticket: { session: 9, number: 1 } })
  assert.deepEqual(apply({ name: 'accept', receive: { session: 9, number: 1 } }, { session: 8, number: 1 }).ended, [
    '8:1 EINVAL',
  ])
  assert.deepEqual(apply({ name: 'expireSession', session: 9 }, { session: 8, number: 2 }).ended, ['8:2 EPERM'])
})

test('an expired session loses no message: its waits end, and its held messages are shown again in order', () => {
  const { apply, send, receive } = drive()
  apply({ name: 'openSession' }, { session: 9, number: 0 })
  send('A')
  send('B')
  receive(0, { hold: true, ticket: { session: 9, number: 1 } })
  receive(0, { hold: true, ticket: { session: 9, number: 2 } })
  receive(0, { ticket: { session: 9, number: 3 } })
  assert.deepEqual(apply({ name: 'expireSession', session: 9 }).ended, ['9:3 EINTR', '4 ok'])
  assert.deepEqual(receive(0).ended, ['5 A'])
  assert.deepEqual(receive(0).ended, ['6 B'])
  assert.deepEqual(receive(0, { ticket: { session: 9, number: 4 } }).ended, ['9:4 ERR_MSGQ_SESSION_EXPIRED'])
})

test('an acknowledged ticket is refused, never done again', () => {
  const { apply, stat } = drive()
  apply({ name: 'openSession' }, { session: 9, number: 0 })
  const sending: Call = { name: 'msgsnd', msqid: 0, mtype: 1, mtext: new Uint8Array(1), msgflg: 0 }
  apply(sending, { session: 9, number: 1 })
  apply({ name: 'acknowledgeSession', number: 1 }, { session: 9, number: 2 })
  assert.deepEqual(apply(sending, { session: 9, number: 1 }).ended, ['9:1 ERR_MSGQ_TICKET_ACKNOWLEDGED'])
  assert.equal(stat().qnum, 1)
})

test('interrupt ends a waiting call with EINTR, and comes too late for one that has its message', () => {
  const { apply, send, receive, stat } = drive()
  const first = receive(0)
  assert.deepEqual(apply({ name: 'interrupt', call: first.ticket }).ended, ['2 EINTR', '3 ok'])
  const second = receive(0)
  assert.deepEqual(send('A').ended, ['4 A', '5 ok'])
  assert.deepEqual(apply({ name: 'interrupt', call: second.ticket }).ended, ['6 ok'])
  assert.equal(stat().qnum, 0)
})
