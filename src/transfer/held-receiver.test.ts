import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { IPC_NOWAIT, IPC_RMID } from '../abi/index.ts'
import { openEmbeddedNamespace } from '../backends/embedded/index.ts'
import { openKernelNamespace } from '../backends/kernel/index.ts'
import type { HeldMessage, IpcNamespace } from '../contract/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../linux/index.ts'
import { type HeldReceiver, moveMessages, openHeldReceiver, type QueuePlace } from './index.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const kernel = openKernelNamespace()
const memory = openEmbeddedNamespace()
const spool = mkdtempSync(join(tmpdir(), 'msgq-held-'))
const target = 'a test'
after(async () => {
  rmSync(spool, { recursive: true })
  await kernel.close()
})

async function queue(namespace: IpcNamespace, ...messages: readonly string[]): Promise<QueuePlace> {
  const msqid = await namespace.msgget(0, 0o600)
  for (const text of messages) await send({ namespace, msqid }, text)
  return { namespace, msqid }
}

/** `7abc` has type 7. */
function send({ namespace, msqid }: QueuePlace, text: string): Promise<void> {
  return namespace.msgsnd(msqid, { mtype: Number(text[0]), mtext: Buffer.from(text.slice(1)) }, IPC_NOWAIT)
}

const words = ({ mtype, mtext }: HeldMessage) => `${mtype}${Buffer.from(mtext)}`

/** Receives one message, and ends its hold. */
async function receive(receiver: HeldReceiver, end: 'accept' | 'refuse'): Promise<string> {
  const message = await receiver.receive({ nowait: true })
  await message[end]()
  return words(message)
}

for (const namespace of [memory, kernel]) {
  describe(`openHeldReceiver of ${namespace.url}`, () => {
    test('openHeldReceiver receives in the order of msgrcv, a refused message again, and then ENOMSG', async () => {
      const source = await queue(namespace, '3c', '1a', '2', '1aa')
      const receiver = await openHeldReceiver(source, { msgtyp: -2, spool, target })
      equal(await receive(receiver, 'accept'), '1a')
      equal(await receive(receiver, 'refuse'), '1aa')
      equal(await receive(receiver, 'accept'), '1aa')
      equal(await receive(receiver, 'accept'), '2')
      await rejects(receiver.receive({ nowait: true }), { code: 'ENOMSG', msqid: source.msqid })
      receiver.close()
      deepEqual(readdirSync(spool), [])
    })

    test('openHeldReceiver waits, and ends with the reason of its signal, or with the queue', async () => {
      const source = await queue(namespace)
      const receiver = await openHeldReceiver(source, { spool, target })
      const waiting = receiver.receive()
      await send(source, '7later')
      const message = await waiting
      equal(words(message), '7later')
      await message.accept()

      const controller = new AbortController()
      const aborted = rejects(receiver.receive({ signal: controller.signal }), /enough/)
      controller.abort(new Error('enough'))
      await aborted
      // EINVAL when the removal comes before the wait, of which the kernel does not tell.
      const removed = rejects(receiver.receive(), { code: /^(EIDRM|EINVAL)$/ })
      await namespace.msgctl(source.msqid, IPC_RMID)
      await removed
      receiver.close()
      deepEqual(readdirSync(spool), [])
    })
  })
}

describe('openHeldReceiver of linux:', () => {
  test('openHeldReceiver finds what was held when its process ended, and says that it may be the second time', async () => {
    const source = await queue(kernel, '7a', '7b')
    const first = await openHeldReceiver(source, { spool, target })
    equal(first.found, undefined)
    await first.receive()
    // As a killed process would: the hold never ends.
    first.close()

    const second = await openHeldReceiver(source, { spool, target: 'another' })
    const { found } = second
    equal(found?.mayBeDoubled, true)
    equal(found?.target, target)
    equal(await receive(second, 'refuse'), '7a')
    second.close()

    const third = await openHeldReceiver(source, { msgtyp: 7, spool, target })
    equal(third.found?.mayBeDoubled, false)
    equal(await receive(third, 'accept'), '7a')
    equal(await receive(third, 'accept'), '7b')
    third.close()
    deepEqual(readdirSync(spool), [])
  })

  test('openHeldReceiver refuses a slot whose message is of another type, and leaves it', async () => {
    const source = await queue(kernel, '7a')
    const first = await openHeldReceiver(source, { spool, target })
    const held = await first.receive()
    await held.refuse()
    await rejects(openHeldReceiver(source, { spool, target }), {
      code: 'ERR_MSGQ_UNAVAILABLE',
      message: /another proc/,
    })
    first.close()
    await rejects(openHeldReceiver(source, { msgtyp: 5, spool, target }), {
      code: 'ERR_MSGQ_UNAVAILABLE',
      message: /has a message of type 7 from linux: \d+, and that type is not to be received: receive it first/,
    })
    const destination = await queue(memory)
    await moveMessages(source, destination, { spool })
    deepEqual(readdirSync(spool), [])
    const moved = await openHeldReceiver(destination, { target })
    equal(await receive(moved, 'accept'), '7a')
  })
})
