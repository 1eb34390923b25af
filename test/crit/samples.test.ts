import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { IPC_NOWAIT, LONG_MAX } from '../../src/abi/index.ts'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import { openKernelNamespace } from '../../src/backends/kernel/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { readImage } from '../../src/image/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../src/linux/index.ts'

/** Files that CRIU 4.2 wrote: two queues, one with a message of type LONG_MAX and one of no bytes. */
const SAMPLES = fileURLToPath(new URL('../../../test/golden/criu/', import.meta.url))

const targets: Readonly<Record<string, () => IpcNamespace>> = {
  'memory:': () => openEmbeddedNamespace(),
  'linux:': () => {
    assert.equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'a fresh IPC namespace needs root')
    return openKernelNamespace()
  },
}

for (const [url, open] of Object.entries(targets)) {
  test(`restore brings what CRIU itself wrote back into ${url}, and says what CRIU did not keep`, async () => {
    await using namespace = open()
    const { checkpoint, missing } = await readImage(SAMPLES)
    assert.ok(missing.length > 0, "there is no file of ours beside CRIU's")

    const { msqids, notRestored } = await namespace.restore(checkpoint)
    assert.deepEqual(msqids, [1, 2])
    assert.ok(notRestored.some(({ msqid, field }) => msqid === 1 && field === 'lspid'))

    const restored = await namespace.checkpoint()
    const plain = ({ queues }: typeof restored) =>
      queues.map(({ msqid, perm: { key, uid, gid, mode }, qbytes, messages }) => ({
        ...{ msqid, key, uid, gid, mode, qbytes },
        messages: Array.from(messages, ({ mtype, mtext }) => ({ mtype, text: Buffer.from(mtext).toString('latin1') })),
      }))
    assert.deepEqual(plain(restored), plain(checkpoint))
    assert.deepEqual(plain(restored)[0]?.messages.at(-1), { mtype: LONG_MAX, text: 'Z'.repeat(16) })
    assert.equal(await namespace.msgget(1297303377, 0), 1)
    assert.equal(Buffer.from((await namespace.msgrcv(1, 100, 0, IPC_NOWAIT)).mtext).toString(), 'hello')
  })
}
