import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONG_MAX, LONG_MIN } from '../abi/index.ts'
import type { WaitingCall } from '../engine/index.ts'
import { JsonObject } from './json-line.ts'
import { readWaiting, waitingAsJson } from './waiting-line.ts'

const caller = { pid: 1, tid: 2, uid: 3, gid: 4, groups: [5, 6], capabilities: ['CAP_SYS_ADMIN'] } as const
const of = (call: WaitingCall['call']): WaitingCall => ({ ticket: { session: 8, number: 9 }, msqid: 7, caller, call })

const CALLS: readonly WaitingCall['call'][] = [
  { name: 'msgsnd', msqid: 7, mtype: LONG_MAX, mtext: Uint8Array.of(0, 255, 10), msgflg: -1 },
  { name: 'msgsnd', msqid: 7, mtype: 5, mtext: new Uint8Array(0), msgflg: 0 },
  { name: 'msgrcv', msqid: 7, msgsz: 0, msgtyp: LONG_MIN, msgflg: 0o20000 },
  { name: 'msgrcv', msqid: 7, msgsz: Number.MAX_SAFE_INTEGER, msgtyp: -5, msgflg: 0, hold: true },
  { name: 'msgrcv', msqid: 7, msgsz: 1, msgtyp: 0, msgflg: 0, hold: false },
  { name: 'copyAfter', msqid: 7, sequence: 2 ** 40, msgsz: 3, msgtyp: 2, msgflg: 0 },
]

/** As a line of a file keeps it. */
function line(waiting: object): JsonObject {
  return new JsonObject('a-file', 7, 'waiting', JSON.parse(JSON.stringify(waiting)))
}

test('readWaiting gives back each call that waitingAsJson was given', () => {
  for (const call of CALLS) assert.deepEqual(readWaiting(line(waitingAsJson(of(call)))), of(call))
})

test('waitingAsJson writes longs and payloads exactly', () => {
  const [first, , third] = CALLS.map((call) => waitingAsJson(of(call)))
  const common = { ticket: { session: 8, number: 9 }, msqid: 7, caller }
  const sent = { name: 'msgsnd', msqid: 7, mtype: '9223372036854775807', mtext: 'AP8K', msgflg: -1 }
  assert.deepEqual(first, { ...common, call: sent })
  const received = {
    name: 'msgrcv',
    msqid: 7,
    msgsz: 0,
    msgtyp: '-9223372036854775808',
    msgflg: 0o20000,
    hold: undefined,
  }
  assert.deepEqual(third, { ...common, call: received })
})

test('readWaiting refuses each member that is not what it must be', () => {
  const [send = {}, , , receive = {}, , copy = {}] = CALLS.map(
    (call) => waitingAsJson(of(call)) as Record<string, object>,
  )
  const members: readonly (readonly [
    whole: object,
    part: string,
    names: readonly string[],
    wrong: readonly unknown[],
  ])[] = [
    [send, 'ticket', ['session', 'number'], [-1, 0.5, '1', undefined]],
    [send, 'caller', ['pid', 'tid'], [-1, 2 ** 31, '1', undefined]],
    [send, 'caller', ['uid', 'gid'], [-1, 2 ** 32, '1', undefined]],
    [send, 'caller', ['groups'], [[0.5], ['1'], [5, '1'], 5, undefined]],
    [send, 'caller', ['capabilities'], [5, 'CAP_SYS_ADMIN', undefined]],
    [send, 'call', ['msqid', 'msgflg'], [2 ** 31, -(2 ** 31) - 1, '1', undefined]],
    [send, 'call', ['mtype'], ['9223372036854775808', 0.5, undefined]],
    [send, 'call', ['mtext'], ['AP8', 5, undefined]],
    [send, 'call', ['name'], ['msgget', 'xmsgsnd', 'msgrcvx', 5, undefined]],
    [receive, 'call', ['msgsz'], [-1, 2 ** 53, undefined]],
    [receive, 'call', ['msgtyp'], ['x', undefined]],
    [receive, 'call', ['hold'], [1, 'true', null]],
    [copy, 'call', ['sequence', 'msgsz'], [-1, 0.5, undefined]],
    [copy, 'call', ['msgtyp'], ['x', undefined]],
    [copy, 'call', ['name'], ['xcopyAfter', 'copyAfterx']],
  ]
  for (const [whole, part, names, wrong] of members) {
    for (const name of names) {
      for (const value of wrong) {
        const changed = { ...whole, [part]: { ...(whole as Record<string, object>)[part], [name]: value } }
        const message = new RegExp(`expected waiting\\.${part}\\.${name} to be `)
        const refused = { name: 'ImageError', offset: 7, message }
        assert.throws(() => readWaiting(line(changed)), refused, `${part}.${name} ${value}`)
      }
    }
  }
  for (const msqid of [-1, 2 ** 31]) assert.throws(() => readWaiting(line({ ...send, msqid })), { name: 'ImageError' })
  assert.equal(readWaiting(line({ ...send, msqid: 2 ** 31 - 1 })).msqid, 2 ** 31 - 1)
})

test('readWaiting leaves out a capability that it does not know', () => {
  const json = {
    ...waitingAsJson(of(CALLS[0] as WaitingCall['call'])),
    caller: { ...caller, capabilities: ['CAP_X', 'CAP_IPC_OWNER'] },
  }
  assert.deepEqual(readWaiting(line(json)).caller.capabilities, ['CAP_IPC_OWNER'])
})
