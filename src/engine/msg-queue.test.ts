import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, msgrcv, msgsnd } from '../../test/engine/driven.ts'
import { IPC_NOWAIT } from '../abi/index.ts'

test('msgFitsInQueue lets qbytes count messages as well as bytes: empty ones fill a queue too', () => {
  // Source: ipc/msg.c, msg_fits_inqueue().
  const driven = new Driven()
  driven.queue(0, 2)
  const send = (text: string) => driven.call(msgsnd(0, 1, text, IPC_NOWAIT))[0]?.split(' ')[1]
  assert.deepEqual(['', '', ''].map(send), ['0', '0', 'EAGAIN'])
  driven.call(msgrcv(0))
  assert.equal(send('abc'), 'EAGAIN')
  assert.equal(send('ab'), '0')
  assert.equal(send(''), 'EAGAIN')
})

test('countReceive lowers the copy counter with each message that is taken, and not below 0', () => {
  const driven = new Driven({ msgCopy: 'counter' })
  driven.queue()
  for (const text of 'abc') driven.call(msgsnd(0, 1, text))
  driven.call({ name: 'setCopyCounter', msqid: 0, copyCounter: 2 })
  const [queue] = driven.engine.namespace.identifiers.queues()
  const counters = Array.from('abc', () => driven.call(msgrcv(0)) && queue?.copyCounter)
  assert.deepEqual(counters, [1, 0, 0])
})
