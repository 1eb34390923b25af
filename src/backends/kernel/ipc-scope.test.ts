import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { IPC_CREAT, IPC_NOWAIT, IPC_RMID, IPC_STAT, MSG_INFO } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../linux/index.ts'
import { openKernelNamespace } from './index.ts'

const KEY = 0x4a0b5
const own = () => readlinkSync('/proc/thread-self/ns/ipc')

/** A process in an IPC namespace of its own that ends when its input does. */
async function startContainer(): Promise<ChildProcess> {
  const script = `
    import { linuxCalls, CLONE_NEWIPC } from ${JSON.stringify(new URL('../../linux/index.js', import.meta.url).href)}
    linuxCalls().unshare(CLONE_NEWIPC)
    linuxCalls().msgget(${KEY}, ${IPC_CREAT | 0o600})
    process.stdout.write('ready')
    process.stdin.resume()
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

describe('linux:?pid=N', () => {
  let container: ChildProcess
  let inside: IpcNamespace
  let home: string

  before(async () => {
    equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
    home = own()
    container = await startContainer()
    inside = openKernelNamespace({ pid: container.pid ?? 0 })
  })

  after(async () => {
    await inside.close()
    container.stdin?.end()
    await once(container, 'exit')
  })

  test("openKernelNamespace reaches that process's queues, and this thread stays where it was", async () => {
    equal(inside.url, `linux:?pid=${container.pid}`)
    const msqid = await inside.msgget(KEY, 0)
    await inside.msgsnd(msqid, { mtype: 4, mtext: new Uint8Array(3) }, 0)
    equal(inside.sync.msgctl(msqid, IPC_STAT).qnum, 1)
    equal(own(), home)
    const outside = openKernelNamespace()
    await rejects(outside.msgget(KEY, 0), { code: 'ENOENT' })
    equal((await outside.msgctl(0, MSG_INFO)).info.pool, 0)
    await outside.close()
    equal((await inside.msgrcv(msqid, 3, 0, IPC_NOWAIT)).mtype, 4)
  })

  test('a call that fails leaves this thread where it was, and errno is its own', async () => {
    await rejects(inside.msgget(0x77, 0), { code: 'ENOENT' })
    equal(own(), home)
  })

  test('a call that waits does so there', async () => {
    const msqid = await inside.msgget(KEY, 0)
    const waiting = inside.msgrcv(msqid, 10, 0, 0)
    await inside.msgsnd(msqid, { mtype: 8, mtext: new Uint8Array(0) }, 0)
    equal((await waiting).mtype, 8)
    equal(own(), home)
  })

  test('limits and msg_next_id are those of that namespace', async () => {
    const outside = openKernelNamespace()
    const limits = await outside.limits()
    await inside.setLimits({ msgmax: 12_345 })
    await inside.setNextId(65_541)
    equal((await inside.limits()).msgmax, 12_345)
    equal(await inside.nextId(), 65_541)
    deepEqual(await outside.limits(), limits)
    equal(await outside.nextId(), -1)
    equal(await inside.msgget(0, 0o600), 65_541)
    await outside.close()
  })

  test('checkpoint and restore work there', async () => {
    const msqid = await inside.msgget(KEY, 0)
    await inside.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(5) }, 0)
    const checkpoint = await inside.checkpoint()
    equal(checkpoint.queues.find((queue) => queue.msqid === msqid)?.messages.length, 1)
    for (const queue of checkpoint.queues) await inside.msgctl(queue.msqid, IPC_RMID)
    await inside.restore(checkpoint)
    equal((await inside.msgctl(msqid, IPC_STAT)).cbytes, 5)
    equal(own(), home)
  })

  test('openKernelNamespace of a process that is not there says so', () => {
    throws(() => openKernelNamespace({ pid: 2 ** 31 - 1 }), {
      code: 'ERR_MSGQ_UNAVAILABLE',
      message: /there is no process 2147483647/,
    })
    throws(() => openKernelNamespace({ pid: -1 }), RangeError)
  })

  test('openKernelNamespace of this process is its own namespace', async () => {
    const same = openKernelNamespace({ pid: process.pid })
    const msqid = await same.msgget(0, 0o600)
    equal(linuxCalls().msgctl(msqid, 0, null), 0)
    await same.close()
  })
})
