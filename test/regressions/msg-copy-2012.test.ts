import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IPC_NOWAIT, IPC_STAT, MSG_COPY, MSG_EXCEPT, MSG_NOERROR } from '../../src/abi/index.ts'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import { type IpcNamespace, SyscallError } from '../../src/contract/index.ts'
import { MessageQueue, text } from '../../src/queue/index.ts'

/**
 * The faults of MSG_COPY as it was proposed in August 2012, by number, and what counter mode does instead. The rule
 * itself is the proposal's: a copy returns the selected message whose number is the queue's copy counter, and raises
 * the counter; a receive lowers it while it is above 0.
 */
const COPY = MSG_COPY | IPC_NOWAIT
const SIZE = 10_000

async function queueOf(messages: readonly string[], caller?: { uid: number }) {
  const namespace = openEmbeddedNamespace({ msgCopy: 'counter', ...(caller && { caller }) })
  const msqid = await namespace.msgget(0x2012, 0o1666)
  for (const message of messages) await send(namespace, msqid, message)
  return { namespace, msqid }
}

/** `A1` is the text A of type 1. */
async function send(namespace: IpcNamespace, msqid: number, message: string): Promise<void> {
  const [name = '', type = '1'] = [message.slice(0, 1), message.slice(1)]
  await namespace.msgsnd(msqid, { mtype: Number(type), mtext: text.encode(name) }, IPC_NOWAIT)
}

async function read(namespace: IpcNamespace, msqid: number, msgtyp: number, msgflg: number): Promise<string> {
  try {
    const { mtype, mtext } = await namespace.msgrcv(msqid, SIZE, msgtyp, msgflg)
    return `${text.decode(mtext)}${mtype}`
  } catch (error) {
    if (error instanceof SyscallError) return error.code
    throw error
  }
}

async function copyCounter(namespace: IpcNamespace, msqid: number): Promise<number | undefined> {
  return (await namespace.msgctl(msqid, IPC_STAT)).copyCounter
}

test('fault 1: a copy past the end is ENOMSG, returns no message twice, and the queue stays whole', async () => {
  const { namespace, msqid } = await queueOf(['A1', 'B1', 'C1'])
  const copies = []
  for (let copy = 0; copy < 5; copy++) copies.push(await read(namespace, msqid, 0, COPY))
  assert.deepEqual(copies, ['A1', 'B1', 'C1', 'ENOMSG', 'ENOMSG'])
  assert.equal(await copyCounter(namespace, msqid), 3, 'the counter does not go past the end')
  const received = []
  for (let receive = 0; receive < 3; receive++) received.push(await read(namespace, msqid, 0, IPC_NOWAIT))
  assert.deepEqual(received, ['A1', 'B1', 'C1'])
})

test('fault 2: a copy by type counts the messages of that type only', async () => {
  const { namespace, msqid } = await queueOf(['A1', 'B2', 'C1', 'D2'])
  assert.equal(await read(namespace, msqid, 2, COPY), 'B2')
  assert.equal(await read(namespace, msqid, 2, COPY), 'D2')
  assert.equal(await read(namespace, msqid, 2, COPY), 'ENOMSG')
})

test('fault 3: a copy with a negative type copies, in the order in which receives would take', async () => {
  const { namespace, msqid } = await queueOf(['A5', 'B3', 'C9', 'D3', 'E1'])
  const copies = []
  for (let copy = 0; copy < 5; copy++) copies.push(await read(namespace, msqid, -5, COPY))
  assert.deepEqual(copies, ['E1', 'B3', 'D3', 'A5', 'ENOMSG'])
  assert.equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 5)
  const received = []
  for (let receive = 0; receive < 5; receive++) received.push(await read(namespace, msqid, -5, IPC_NOWAIT))
  assert.deepEqual(received, copies, 'receives with the same arguments take them in the same order')
})

test('fault 4: a copy of a message longer than a page is whole', async () => {
  const { namespace, msqid } = await queueOf([])
  const mtext = Uint8Array.from({ length: 8192 }, (_, index) => index % 251)
  await namespace.msgsnd(msqid, { mtype: 7, mtext }, 0)
  const copy = await namespace.msgrcv(msqid, SIZE, 0, COPY)
  assert.deepEqual(copy.mtext, mtext)
  assert.equal(copy.mtype, 7)
})

test('fault 5: a copy into too small a buffer is E2BIG, or cut short with MSG_NOERROR, and never waits', async () => {
  const { namespace, msqid } = await queueOf([])
  await namespace.msgsnd(msqid, { mtype: 1, mtext: text.encode('abcdef') }, 0)
  await assert.rejects(namespace.msgrcv(msqid, 3, 0, COPY), { code: 'E2BIG' })
  await assert.rejects(namespace.msgrcv(msqid, 3, 0, MSG_COPY), { code: 'E2BIG' })
  assert.equal(await copyCounter(namespace, msqid), 0, 'only a copy that was returned moves the counter')
  const cut = await namespace.msgrcv(msqid, 3, 0, COPY | MSG_NOERROR)
  assert.equal(text.decode(cut.mtext), 'abc')
  assert.equal(await copyCounter(namespace, msqid), 1)
  assert.equal((await namespace.msgctl(msqid, IPC_STAT)).cbytes, 6, 'the message on the queue is not cut')
})

test('fault 6: a copy without IPC_NOWAIT waits past the end and then copies: it never takes', async () => {
  const { namespace, msqid } = await queueOf([])
  const copy = read(namespace, msqid, 2, MSG_COPY)
  await send(namespace, msqid, 'A1')
  assert.equal((await namespace.waiting()).length, 1, 'a message of another type is not for it')
  await send(namespace, msqid, 'B2')
  assert.equal(await copy, 'B2')
  assert.equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 2)
  assert.equal((await namespace.msgctl(msqid, IPC_STAT)).rtime, 0)
})

test('fault 6: a waiting copy ends in EIDRM when its queue goes, and on abort with the reason', async () => {
  const { namespace, msqid } = await queueOf([])
  const removed = read(namespace, msqid, 0, MSG_COPY)
  const aborting = new AbortController()
  const aborted = namespace.msgrcv(msqid, SIZE, 0, MSG_COPY, { signal: aborting.signal })
  const reason = new Error('enough')
  aborting.abort(reason)
  await assert.rejects(aborted, reason)
  await namespace.msgctl(msqid, 0)
  assert.equal(await removed, 'EIDRM')
})

test('fault 7 is the rule of the counter, which all readers share; a cursor is its reader own', async () => {
  const { namespace, msqid } = await queueOf(['A1', 'B1', 'C1', 'D1'])
  const [x, y] = [[], []] as string[][]
  for (const reader of [x, y, x, y]) reader?.push(await read(namespace, msqid, 0, COPY))
  assert.deepEqual(
    [x, y],
    [
      ['A1', 'C1'],
      ['B1', 'D1'],
    ],
    'each gets every other message',
  )

  const queue = await MessageQueue.at(namespace, msqid, text)
  const cursors = [queue.cursor(), queue.cursor()]
  const seen: string[][] = [[], []]
  for (let message = 0; message < 4; message++) {
    for (const [reader, cursor] of cursors.entries()) seen[reader]?.push((await cursor.next()).payload)
  }
  assert.deepEqual(
    seen,
    [
      ['A', 'B', 'C', 'D'],
      ['A', 'B', 'C', 'D'],
    ],
    'each cursor gets all',
  )
})

test('fault 8: the counter can be read and set, so that a failed dump starts again', async () => {
  const { namespace, msqid } = await queueOf(['A1', 'B1', 'C1'])
  await read(namespace, msqid, 0, COPY)
  await read(namespace, msqid, 0, COPY)
  assert.equal(await copyCounter(namespace, msqid), 2)
  await namespace.setCopyCounter(msqid, 0)
  assert.equal(await read(namespace, msqid, 0, COPY), 'A1')
})

test('fault 8: setting the counter back lets a waiting copy go on', async () => {
  const { namespace, msqid } = await queueOf(['A1'])
  await read(namespace, msqid, 0, COPY)
  const copy = read(namespace, msqid, 0, MSG_COPY)
  await namespace.setCopyCounter(msqid, 0)
  assert.equal(await copy, 'A1')
})

test('fault 9 is the rule of the counter: a receive behind it makes it repeat a message; a cursor repeats none', async () => {
  const { namespace, msqid } = await queueOf(['A1', 'B2', 'C3'])
  const cursor = (await MessageQueue.at(namespace, msqid, text)).cursor()
  assert.equal(await read(namespace, msqid, 0, COPY), 'A1')
  assert.equal((await cursor.next()).payload, 'A')
  assert.equal(await read(namespace, msqid, 3, IPC_NOWAIT), 'C3')
  assert.equal(await read(namespace, msqid, 0, COPY), 'A1', 'the counter went back')
  assert.equal((await cursor.next()).payload, 'B')
})

test('the case that the counter was made for: a dump keeps its place while others receive the head', async () => {
  const { namespace, msqid } = await queueOf(['A1', 'B1', 'C1'])
  assert.equal(await read(namespace, msqid, 0, COPY), 'A1')
  assert.equal(await read(namespace, msqid, 0, IPC_NOWAIT), 'A1')
  assert.equal(await read(namespace, msqid, 0, COPY), 'B1')
})

test('the counter goes down by hand-over too, and never below 0', async () => {
  const { namespace, msqid } = await queueOf(['A1'])
  await read(namespace, msqid, 0, COPY)
  const received = read(namespace, msqid, 9, 0)
  await send(namespace, msqid, 'B9')
  assert.equal(await received, 'B9')
  assert.equal(await copyCounter(namespace, msqid), 0)
  await read(namespace, msqid, 0, IPC_NOWAIT)
  assert.equal(await copyCounter(namespace, msqid), 0)
})

test('fault 10: a copy with MSG_EXCEPT copies the messages of other types, one after the other', async () => {
  const { namespace, msqid } = await queueOf(['A1', 'B2', 'C1', 'D3'])
  const copies = []
  for (let copy = 0; copy < 3; copy++) copies.push(await read(namespace, msqid, 1, COPY | MSG_EXCEPT))
  assert.deepEqual(copies, ['B2', 'D3', 'ENOMSG'])
  assert.equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 4)
})

test('fault 11: where copying is not built in, MSG_COPY is ENOSYS and takes nothing', async () => {
  for (const msgCopy of ['index', 'counter'] as const) {
    const namespace = openEmbeddedNamespace({ msgCopy, checkpointRestore: false })
    const msqid = await namespace.msgget(0, 0o600)
    await send(namespace, msqid, 'A1')
    assert.equal(await read(namespace, msqid, 0, COPY), 'ENOSYS')
    await assert.rejects(namespace.copyAfter(msqid, 0, SIZE, 0, IPC_NOWAIT), { code: 'ENOSYS' })
    await assert.rejects(namespace.setNextId(5), { code: 'ENOSYS' })
    await assert.rejects(namespace.checkpoint(), { code: 'ENOSYS' })
    assert.equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 1)
  }
})

test('fault 12: a copy into a buffer of any size allocates no more than the message', async () => {
  const { namespace, msqid } = await queueOf(['A1'])
  const copy = await namespace.msgrcv(msqid, Number.MAX_SAFE_INTEGER, 0, COPY)
  assert.equal(copy.mtext.buffer.byteLength, 1)
})

test('fault 13: a copy does not read what the output buffer held', async () => {
  const { namespace, msqid } = await queueOf([])
  await namespace.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(0) }, 0)
  const copy = await namespace.msgrcv(msqid, SIZE, 0, COPY)
  assert.equal(copy.mtext.length, 0)
})

test('fault 14: only who may change the queue may set the counter; a reader of a cursor disturbs nobody', async () => {
  const { namespace, msqid } = await queueOf(['A1', 'B1'], { uid: 1000 })
  const stranger = namespace.as({ uid: 2000 })
  await assert.rejects(stranger.setCopyCounter(msqid, 2), { code: 'EPERM' })
  const cursor = (await MessageQueue.at(stranger, msqid, text)).cursor()
  await cursor.next()
  assert.equal(await copyCounter(namespace, msqid), 0)
  assert.equal(await read(namespace, msqid, 0, COPY), 'A1')
})

test('what the proposal got right: a copy changes no time, no pid, no count, and wakes no sender', async () => {
  const { namespace, msqid } = await queueOf(['A1'])
  const stat = await namespace.msgctl(msqid, IPC_STAT)
  await namespace.msgctl(msqid, 1, { perm: stat.perm, qbytes: 1 })
  const before = await namespace.msgctl(msqid, IPC_STAT)
  const aborting = new AbortController()
  const sending = namespace.msgsnd(msqid, { mtype: 1, mtext: text.encode('B') }, 0, { signal: aborting.signal })
  assert.equal(await read(namespace, msqid, 0, COPY), 'A1')
  const { copyCounter: _, ...after } = await namespace.msgctl(msqid, IPC_STAT)
  assert.deepEqual({ ...after, copyCounter: 0 }, { ...before, copyCounter: 0 })
  assert.equal((await namespace.waiting()).length, 1)
  aborting.abort()
  await assert.rejects(sending, { name: 'AbortError' })
})

test('a copy needs read permission', async () => {
  const { namespace, msqid } = await queueOf(['A1'])
  await namespace.msgctl(msqid, 1, { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 100 })
  await assert.rejects(namespace.as({ uid: 2000 }).msgrcv(msqid, SIZE, 0, COPY), { code: 'EACCES' })
})
