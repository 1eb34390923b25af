import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import { MESSAGE_BYTES } from '../../src/engine/index.ts'

// A program under `msgq run` was told that its message is sent, which was then refused, and lost: what looked ahead had checks of
// its own, and knew nothing of the pool.
test('sync.takeOver tells no sender that its message is sent which the pool of its namespace has no room for', async () => {
  await using namespace = openEmbeddedNamespace({ bounds: { poolBytes: MESSAGE_BYTES + 10 } })
  const { sync } = namespace
  const msqid = sync.msgget(0, 0o600)
  sync.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(10) }, 0)
  let told = 0
  const tell = () => ++told > 0
  for (const id of [msqid, msqid + 1]) {
    let code: unknown
    try {
      sync.takeOver(id, { mtype: 1, mtext: new Uint8Array(0) }, 0, tell)
    } catch (error) {
      code = error instanceof Error && 'code' in error ? error.code : error
    }
    deepEqual([id, code, told], [id, 'ENOMEM', 0])
  }
  sync.msgrcv(msqid, 10, 0, 0)
  equal(sync.takeOver(msqid, { mtype: 1, mtext: new Uint8Array(10) }, 0, tell), true)
  equal(told, 1)
})
