import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'

const sized = (sizeBytes: number) => ({ mtype: sizeBytes, mtext: new Uint8Array(sizeBytes) })

// Found by a planted fault that no suite saw: the real kernel wakes both at once, and so no suite asks it.
test('a sender that was woken and found no room left waits behind those whose message did not fit', async () => {
  const namespace = openEmbeddedNamespace({ limits: { msgmnb: 20 } })
  const msqid = await namespace.msgget(0, 0o600)
  const receive = (type: number) => namespace.msgrcv(msqid, 20, type, 0)
  await namespace.msgsnd(msqid, sized(11), 0)
  await namespace.msgsnd(msqid, sized(9), 0)
  const inOrder: number[] = []
  const senders = [6, 14, 10].map((sizeBytes) =>
    namespace.msgsnd(msqid, sized(sizeBytes), 0).then(() => inOrder.push(sizeBytes)),
  )
  // 11 bytes are free: 6 and 10 fit each by itself, 14 does not. 6 gets in, and then there is no room for 10.
  await receive(11)
  // 14 are free: 14 and 10 fit each by itself, and 14 stands first now.
  await receive(9)
  // The rest comes free, for 10.
  await receive(6)
  await receive(14)
  await Promise.all(senders)
  deepEqual(inOrder, [6, 14, 10])
})
