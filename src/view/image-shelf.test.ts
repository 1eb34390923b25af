import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IPC_NOWAIT, IPC_SET, IPC_STAT } from '../abi/index.ts'
import { openEmbeddedNamespace } from '../backends/embedded/index.ts'
import type { Checkpoint } from '../engine/index.ts'
import { ImageShelf } from './image-shelf.ts'

const MESSAGES = 40_000

describe('ImageShelf', () => {
  test('diff lets others have their turns while it compares, and compares two images at a time', async () => {
    const shelf = new ImageShelf()
    const namespace = openEmbeddedNamespace()
    const msqid = await filled(MESSAGES, namespace)
    const before = shelf.add('now', 'before', plain(await namespace.checkpoint()))
    namespace.sync.msgrcv(msqid, 8, 0, IPC_NOWAIT)
    namespace.sync.msgsnd(msqid, { mtype: 2, mtext: new Uint8Array(9) }, IPC_NOWAIT)
    const after = shelf.add('now', 'after', plain(await namespace.checkpoint()))
    let turns = 0
    let isOver = false
    const count = () => {
      turns++
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    const comparing = shelf.diff(before.image, after.image)
    await rejects(shelf.diff(before.image, after.image), RangeError)
    const { queues } = await comparing
    isOver = true
    ok(turns >= 3, `${turns} turns`)
    equal(queues.length, 1)
    deepEqual(queues[0]?.counts, { added: 1, taken: 1, changed: 0 })
    deepEqual(
      queues[0]?.messages.map(({ change, message }) => [change, message.index, message.bytes]),
      [
        ['taken', 0, 8],
        ['added', MESSAGES - 1, 9],
      ],
    )
    equal((await shelf.diff(after.image, after.image)).queues.length, 0)
  })

  test('add refuses a fifth image, and one for which its messages leave no room', async () => {
    const shelf = new ImageShelf()
    const namespace = openEmbeddedNamespace()
    await filled(3, namespace)
    const image = plain(await namespace.checkpoint())
    for (let number = 0; number < 3; number++) shelf.add('now', 'one', image)
    shelf.assertRoom(512 * 1024 * 1024 - 3 * 24)
    throws(() => shelf.assertRoom(512 * 1024 * 1024 - 3 * 24 + 1), /put another away/)
    const past = shelf.add('past', 'one', image)
    throws(() => shelf.add('now', 'one', image), RangeError)
    // The past takes the place of the past.
    equal(shelf.add('past', 'another', image).image, past.image + 1)
    equal(shelf.all().length, 4)
  })
})

function plain(checkpoint: Checkpoint) {
  return { checkpoint, missing: [] }
}

/** A queue of messages of 8 bytes. */
async function filled(messages: number, namespace: ReturnType<typeof openEmbeddedNamespace>): Promise<number> {
  const msqid = await namespace.msgget(7, 0o1600)
  const { perm } = await namespace.msgctl(msqid, IPC_STAT)
  await namespace.msgctl(msqid, IPC_SET, { perm, qbytes: messages * 16 })
  for (let number = 0; number < messages; number++) {
    namespace.sync.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(8) }, IPC_NOWAIT)
  }
  return msqid
}
