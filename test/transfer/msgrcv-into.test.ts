import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { IPC_NOWAIT, IPC_RMID, IPC_STAT, MSG_COPY, MSG_NOERROR, readLong } from '../../src/abi/index.ts'
import { openKernelNamespace } from '../../src/backends/kernel/index.ts'
import {
  CLONE_NEWIPC,
  linuxCalls,
  MAP_FAILED,
  MAP_POPULATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
} from '../../src/linux/index.ts'

const linux = linuxCalls()
equal(linux.unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const namespace = openKernelNamespace()
const directory = mkdtempSync(join(tmpdir(), 'msgq-into-'))
const file = openSync(join(directory, 'memory'), 'w+')
writeSync(file, new Uint8Array(4_096))
const address = linux.mmap(4_096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0)
after(async () => {
  linux.munmap(address, 4_096)
  rmSync(directory, { recursive: true })
  await namespace.close()
})

const into = (msqid: number, msgsz: number, msgtyp: number, msgflg: number, signal?: AbortSignal) =>
  namespace.msgrcvInto?.(address, msqid, msgsz, msgtyp, msgflg, signal === undefined ? {} : { signal })

/** What the file holds, read from the file. */
function landed(length: number): [type: number | bigint, text: string] {
  const bytes = Buffer.alloc(8 + length)
  readSync(file, bytes, 0, bytes.length, 0)
  return [readLong(new DataView(bytes.buffer, bytes.byteOffset), 0), bytes.subarray(8).toString()]
}

const send = (msqid: number, mtype: number | bigint, text: string) =>
  namespace.msgsnd(msqid, { mtype, mtext: Buffer.from(text) }, IPC_NOWAIT)

describe('msgrcvInto', () => {
  test('msgrcvInto puts the selected message into the file that is mapped, and tells its length', async () => {
    equal(address === MAP_FAILED, false)
    const msqid = await namespace.msgget(0, 0o600)
    await send(msqid, 2, 'two')
    await send(msqid, 2n ** 63n - 1n, 'long type')
    await send(msqid, 1, '')
    equal(await into(msqid, 100, -2, 0), 0)
    deepEqual(landed(0), [1, ''])
    equal(await into(msqid, 3, 2, IPC_NOWAIT), 3)
    deepEqual(landed(3), [2, 'two'])
    await rejects(async () => into(msqid, 8, 0, IPC_NOWAIT), { code: 'E2BIG', msqid })
    equal(await into(msqid, 4, 0, MSG_NOERROR), 4)
    deepEqual(landed(4), [2n ** 63n - 1n, 'long'])
    await rejects(async () => into(msqid, 8, 0, IPC_NOWAIT), { code: 'ENOMSG', msqid })
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
  })

  test('msgrcvInto waits for a message, empty or not', async () => {
    const msqid = await namespace.msgget(0, 0o600)
    for (const text of ['something', '', 'else']) {
      const waiting = into(msqid, 100, 7, 0)
      await send(msqid, 6, 'not this one')
      await send(msqid, 7, text)
      equal(await waiting, text.length)
      deepEqual(landed(text.length), [7, text])
      equal((await namespace.msgrcv(msqid, 100, 0, IPC_NOWAIT)).mtype, 6)
    }
  })

  test('msgrcvInto with too little room for what comes is E2BIG, and the message stays', async () => {
    const msqid = await namespace.msgget(0, 0o600)
    const waiting = rejects(async () => into(msqid, 3, 0, 0), { code: 'E2BIG' })
    await send(msqid, 1, 'four')
    await waiting
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 1)
  })

  test('msgrcvInto ends at once when it is aborted, or the queue is removed', async () => {
    const msqid = await namespace.msgget(0, 0o600)
    const abort = new AbortController()
    const aborted = rejects(
      async () => into(msqid, 100, 0, 0, abort.signal),
      (reason) => reason === 'enough',
    )
    await turn()
    abort.abort('enough')
    await aborted
    const removed = rejects(async () => into(msqid, 100, 0, 0), { code: 'EIDRM' })
    await namespace.msgctl(msqid, IPC_RMID)
    await removed
    await rejects(async () => into(msqid, 100, 0, 0), { code: 'EINVAL' })
  })

  test('msgrcvInto refuses what is no address, and copies', async () => {
    const msqid = await namespace.msgget(0, 0o600)
    await rejects(async () => namespace.msgrcvInto?.(5 as never, msqid, 1, 0, 0), TypeError)
    await rejects(async () => namespace.msgrcvInto?.(0n, msqid, 1, 0, 0), RangeError)
    await rejects(async () => namespace.msgrcvInto?.(2n ** 64n, msqid, 1, 0, 0), RangeError)
    await rejects(async () => into(msqid, 1, 0, MSG_COPY | IPC_NOWAIT), TypeError)
    const closed = openKernelNamespace()
    await closed.close()
    await rejects(async () => closed.msgrcvInto?.(address, msqid, 1, 0, 0), { code: 'ERR_MSGQ_CLOSED' })
  })
})
