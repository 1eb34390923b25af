import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { IPC_NOWAIT } from '../abi/index.ts'
import { openEmbeddedNamespace } from '../backends/embedded/index.ts'
import type { IpcNamespace } from '../contract/index.ts'
import { bytes, json, MessageQueue, PayloadError, text } from './index.ts'

async function filled(texts: readonly string[], namespace: IpcNamespace = openEmbeddedNamespace()) {
  const queue = await MessageQueue.temporary(namespace, text)
  // `B3` is the text B3 of type 3.
  for (const payload of texts) await queue.send(payload, { type: Number(payload.slice(1)) || 1 })
  return queue
}

describe('MessageQueue opens queues', () => {
  test('open finds a queue, create makes one, openOrCreate does either', async () => {
    const namespace = openEmbeddedNamespace()
    await assert.rejects(MessageQueue.open(namespace, 7, text), { code: 'ENOENT' })
    const made = await MessageQueue.create(namespace, 7, text, { mode: 0o640 })
    assert.equal((await made.stat()).perm.mode, 0o640)
    await assert.rejects(MessageQueue.create(namespace, 7, text), { code: 'EEXIST' })
    assert.equal((await MessageQueue.open(namespace, 7, text)).msqid, made.msqid)
    assert.equal((await MessageQueue.openOrCreate(namespace, 7, text)).msqid, made.msqid)
    assert.notEqual((await MessageQueue.openOrCreate(namespace, 8, text)).msqid, made.msqid)
  })

  test('at opens by identifier, and knows an unknown one at once', async () => {
    const queue = await filled(['A'])
    assert.equal((await MessageQueue.at(queue.namespace, queue.msqid, text)).msqid, queue.msqid)
    await assert.rejects(MessageQueue.at(queue.namespace, 99, text), { code: 'EINVAL' })
  })

  test('key 0 and a mode of more than nine bits are refused, and nothing is made', async () => {
    const namespace = openEmbeddedNamespace()
    await assert.rejects(MessageQueue.create(namespace, 0, text), RangeError)
    await assert.rejects(MessageQueue.create(namespace, 5, text, { mode: 0o1000 }), RangeError)
    await assert.rejects(MessageQueue.open(namespace, 5, text), { code: 'ENOENT' })
  })

  test('await using removes a temporary queue, and leaves any other alone', async () => {
    const namespace = openEmbeddedNamespace()
    let temporaryId = -1
    let madeId = -1
    {
      await using temporary = await MessageQueue.temporary(namespace, text)
      await using made = await MessageQueue.create(namespace, 7, text)
      temporaryId = temporary.msqid
      madeId = made.msqid
    }
    await assert.rejects(MessageQueue.at(namespace, temporaryId, text), { code: 'EINVAL' })
    assert.equal((await MessageQueue.at(namespace, madeId, text)).msqid, madeId)
  })
})

describe('MessageQueue sends and receives', () => {
  test('receive selects by type, except and atMost, as msgrcv does', async () => {
    const queue = await filled(['A5', 'B3', 'C9', 'D3', 'E1'])
    assert.equal((await queue.receive({ type: 3 })).payload, 'B3')
    assert.equal((await queue.receive({ except: 5 })).payload, 'C9')
    assert.equal((await queue.receive({ atMost: 4 })).payload, 'E1')
    assert.equal((await queue.receive()).payload, 'A5')
    assert.equal(await queue.tryReceive({ type: 9 }), undefined)
    assert.equal((await queue.tryReceive())?.type, 3)
  })

  test('a selector is one of its three kinds, and a type is 1 or more', async () => {
    const queue = await filled(['A1'])
    // @ts-expect-error two selectors at once do not type-check either
    await assert.rejects(queue.receive({ type: 1, atMost: 2 }), TypeError)
    for (const type of [0, -1, 1.5, Number.NaN]) await assert.rejects(queue.tryReceive({ type }), RangeError)
    for (const type of [0, -3, 2 ** 53, 2n ** 63n]) await assert.rejects(queue.send('x', { type }), RangeError)
    assert.equal((await queue.stat()).qnum, 1)
  })

  test('types are exact up to 2^63-1', async () => {
    const queue = await filled([])
    for (const type of [2n ** 63n - 1n, 2n ** 53n + 1n]) {
      await queue.send('x', { type })
      assert.equal(await queue.tryReceive({ type: type - 1n }), undefined)
      assert.equal((await queue.receive({ type })).type, type)
    }
    await queue.send('x', { type: 7n })
    assert.equal((await queue.receive({ atMost: 2n ** 60n })).type, 7)
  })

  test('maxSizeBytes refuses a longer message, which stays; truncate cuts it', async () => {
    const queue = await filled(['abcdef'])
    await assert.rejects(queue.receive({ maxSizeBytes: 3 }), { code: 'E2BIG' })
    assert.equal((await queue.stat()).qnum, 1)
    assert.equal((await queue.receive({ maxSizeBytes: 3, truncate: true })).payload, 'abc')
  })

  test('trySend says whether there was room', async () => {
    const queue = await filled([])
    await queue.set({ qbytes: 1 })
    assert.equal(await queue.trySend('A'), true)
    assert.equal(await queue.trySend('B'), false)
    assert.equal((await queue.stat()).perm.mode, 0o600, 'set leaves the rest alone')
  })

  test('send waits for room, and an abort ends the wait with its reason; nothing is sent', async () => {
    const queue = await filled([])
    await queue.set({ qbytes: 1 })
    await queue.send('A')
    const aborting = new AbortController()
    const sending = queue.send('B', { signal: aborting.signal })
    const reason = new Error('enough')
    aborting.abort(reason)
    await assert.rejects(sending, (error) => error === reason)
    await assert.rejects(queue.send('C', { signal: aborting.signal }), (error) => error === reason)
    assert.equal((await queue.receive()).payload, 'A')
    assert.equal(await queue.tryReceive(), undefined)
  })

  test('receive ends by AbortSignal.timeout, also when nothing else keeps the process alive', async () => {
    const queue = new URL('./index.ts', import.meta.url).href.replace(/ts$/, import.meta.url.slice(-2))
    const embedded = new URL('../backends/embedded/index.ts', import.meta.url).href.replace(
      /ts$/,
      import.meta.url.slice(-2),
    )
    const program = `
      import { MessageQueue, text } from ${JSON.stringify(queue)}
      import { openEmbeddedNamespace } from ${JSON.stringify(embedded)}
      const jobs = await MessageQueue.temporary(openEmbeddedNamespace(), text)
      await jobs.receive({ signal: AbortSignal.timeout(1) }).catch(({ name }) => console.log(name))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
    assert.equal(stdout, 'TimeoutError\n')
  })

  test('an abort that comes after the message loses nothing', async () => {
    const queue = await filled([])
    const aborting = new AbortController()
    const receiving = queue.receive({ signal: aborting.signal })
    await queue.send('A')
    aborting.abort()
    assert.equal((await receiving).payload, 'A')
  })

  test('iteration takes messages as they come, and ends when the queue is removed', async () => {
    const queue = await filled(['A', 'B'])
    const seen: string[] = []
    for await (const { payload } of queue) {
      seen.push(payload)
      if (payload === 'B') await queue.send('C')
      if (payload === 'C') await queue.remove()
    }
    assert.deepEqual(seen, ['A', 'B', 'C'])
  })

  test('iteration reads nothing ahead: break loses no message', async () => {
    const queue = await filled(['A', 'B', 'C'])
    for await (const { payload } of queue) {
      assert.equal(payload, 'A')
      break
    }
    assert.equal((await queue.stat()).qnum, 2)
  })
})

describe('MessageQueue copies', () => {
  for (const msgCopy of ['index', 'counter'] as const) {
    test(`copies and copy leave the queue as it was (msgCopy: ${msgCopy})`, async () => {
      const queue = await filled(['A5', 'B3', 'C9'], openEmbeddedNamespace({ msgCopy }))
      const before = await queue.stat()
      const all: string[] = []
      for await (const { payload } of queue.copies()) all.push(payload)
      const others: string[] = []
      for await (const { payload } of queue.copies({ except: 3 })) others.push(payload)
      assert.deepEqual(all, ['A5', 'B3', 'C9'])
      assert.deepEqual(others, ['A5', 'C9'])
      assert.equal((await queue.copy(1))?.payload, 'B3')
      assert.equal(await queue.copy(3), undefined)
      await assert.rejects(queue.copy(-1), RangeError)
      assert.deepEqual(await queue.stat(), before)
    })
  }

  test('a cursor neither skips nor repeats while others receive', async () => {
    const queue = await filled(['A', 'B', 'C', 'D'])
    const cursor = queue.cursor()
    assert.equal((await cursor.next()).payload, 'A')
    await queue.receive()
    assert.equal((await cursor.next()).payload, 'B')
    assert.equal((await queue.receive()).payload, 'B')
    assert.equal((await cursor.next()).payload, 'C')
    const later = queue.cursor({ after: cursor.position })
    assert.equal((await later.next()).payload, 'D')
    assert.equal(await later.tryNext(), undefined)
  })

  test('a waiting cursor sees a message even if a receiver waits for it too', async () => {
    const queue = await filled([])
    const receiving = queue.receive()
    const copying = queue.cursor().next()
    await queue.send('A')
    assert.equal((await copying).payload, 'A')
    assert.equal((await receiving).payload, 'A')
  })

  test('a cursor that iterates ends when the queue is removed', async () => {
    const queue = await filled(['A', 'B'])
    const seen: string[] = []
    for await (const { payload } of queue.cursor()) {
      seen.push(payload)
      if (payload === 'B') await queue.remove()
    }
    assert.deepEqual(seen, ['A', 'B'])
  })

  test('the bytes of a copy are yours: changing them changes nothing', async () => {
    const queue = await MessageQueue.temporary(openEmbeddedNamespace(), bytes)
    const sent = Uint8Array.of(1, 2, 3)
    await queue.send(sent)
    sent.fill(9)
    for await (const { payload } of queue.copies()) payload.fill(8)
    const held = await queue.receive({ hold: true })
    held.payload.fill(7)
    await held.refuse()
    const checkpoint = await queue.namespace.checkpoint()
    for (const { mtext } of checkpoint.queues[0]?.messages ?? []) mtext.fill(6)
    assert.deepEqual((await queue.receive()).payload, Uint8Array.of(1, 2, 3))
  })
})

describe('MessageQueue holds', () => {
  test('a held message is received by accept, shown again by refuse', async () => {
    const queue = await filled(['A', 'B'])
    const held = await queue.receive({ hold: true })
    assert.equal(held.payload, 'A')
    await held.refuse()
    const again = await queue.receive({ hold: true })
    assert.equal(again.payload, 'A')
    await again.accept()
    await assert.rejects(again.accept(), { code: 'EINVAL' })
    assert.equal((await queue.stat()).qnum, 1)
  })

  test('at the end of its scope a held message that was not accepted is refused', async () => {
    const queue = await filled(['A', 'B'])
    {
      await using held = await queue.receive({ hold: true })
      assert.equal(held.payload, 'A')
    }
    {
      await using held = await queue.receive({ hold: true })
      assert.equal(held.payload, 'A')
      await held.accept()
    }
    assert.equal((await queue.stat()).qnum, 1)
  })

  test('closing a namespace shows what it held again, and ends its waits', async () => {
    const namespace = openEmbeddedNamespace()
    const queue = await filled(['A'], namespace)
    const other = namespace.as({ uid: 0 })
    const theirs = await MessageQueue.at(other, queue.msqid, text)
    await theirs.receive({ hold: true })
    const waiting = theirs.receive()
    await other.close()
    await assert.rejects(waiting, { code: 'ERR_MSGQ_CLOSED' })
    await assert.rejects(theirs.receive(), { code: 'ERR_MSGQ_CLOSED' })
    assert.equal((await queue.receive()).payload, 'A')
  })
})

describe('codecs', () => {
  test('json and text turn payloads into bytes and back', async () => {
    const namespace = openEmbeddedNamespace()
    const queue = await MessageQueue.temporary(namespace, json<{ id: number }>())
    await queue.send({ id: 7 })
    assert.deepEqual((await queue.receive()).payload, { id: 7 })
    // @ts-expect-error undefined is no value of JSON
    await assert.rejects(queue.send(undefined), TypeError)
    // @ts-expect-error a text is a string
    assert.throws(() => text.encode(5), TypeError)
    assert.equal(text.decode(text.encode('\uFEFFä')), '\uFEFFä', 'a byte order mark is text too')
  })

  test('a payload that does not decode comes with the message that was received', async () => {
    const namespace = openEmbeddedNamespace()
    const queue = await MessageQueue.temporary(namespace, json())
    await namespace.msgsnd(queue.msqid, { mtype: 4, mtext: Uint8Array.of(0xff) }, IPC_NOWAIT)
    await assert.rejects(queue.receive(), (error) => {
      assert.ok(error instanceof PayloadError)
      assert.deepEqual([error.received.mtype, ...error.received.mtext], [4, 0xff])
      return true
    })
  })

  test('a held payload that does not decode can be refused, and stays', async () => {
    const namespace = openEmbeddedNamespace()
    const queue = await MessageQueue.temporary(namespace, json())
    await namespace.msgsnd(queue.msqid, { mtype: 4, mtext: Uint8Array.of(0xff) }, IPC_NOWAIT)
    const error = await queue.receive({ hold: true }).catch((caught: unknown) => caught)
    assert.ok(
      error instanceof PayloadError && 'refuse' in error.received && typeof error.received.refuse === 'function',
    )
    await error.received.refuse()
    assert.equal((await namespace.msgrcv(queue.msqid, 10, 0, IPC_NOWAIT)).mtype, 4)
  })
})
