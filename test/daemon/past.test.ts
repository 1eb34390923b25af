import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { IPC_NOWAIT, IPC_RMID, IPC_STAT } from '../../src/abi/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { MSGQ, msgq } from '../cli/child.ts'
import { ServeProcess } from './serve-process.ts'
import { ServedNamespace } from './served.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

async function eventsOf(namespace: IpcNamespace, options?: Parameters<NonNullable<IpcNamespace['history']>>[0]) {
  const events: string[] = []
  for await (const { event, msqid, sequence } of namespace.history?.(options) ?? []) {
    events.push([event, msqid, ...(sequence === undefined ? [] : [sequence])].join(' '))
  }
  return events
}

/** The daemon's clock has milliseconds: what comes next is later. */
async function nextInstant(): Promise<number> {
  const now = Date.now()
  while (Date.now() <= now + 1) await delay(1)
  return now + 1
}

test('history tells what happened, waiting calls and restarts between, and leaves out what is not asked for', async () => {
  await using served = await ServedNamespace.start()
  const namespace = await served.connect()
  const [one, two] = [await namespace.msgget(0x11, 0o1600), await namespace.msgget(0x22, 0o1600)]
  const received = namespace.msgrcv(one, 10, 5, 0)
  await namespace.msgsnd(one, { mtype: 5, mtext: bytes('a') }, 0)
  await received
  await namespace.msgsnd(one, { mtype: 1, mtext: bytes('b') }, 0)
  const middle = await nextInstant()
  await served.kill()
  await served.start()
  await namespace.as({ uid: 0, pid: 77 }).msgsnd(two, { mtype: 1, mtext: bytes('c') }, 0)
  await namespace.msgctl(two, IPC_RMID)
  const all = [`created ${one}`, `created ${two}`, `sent ${one} 1`, `received ${one} 1`, `sent ${one} 2`]
  deepEqual(await eventsOf(namespace), [...all, `sent ${two} 1`, `removed ${two}`])
  deepEqual(await eventsOf(namespace, { to: middle }), all)
  deepEqual(await eventsOf(namespace, { from: middle + 1 }), [`sent ${two} 1`, `removed ${two}`])
  deepEqual(await eventsOf(namespace, { msqid: two, pid: 77 }), [`sent ${two} 1`])
  await namespace.close()
})

test('checkpointAt is the namespace as it was, and changes nothing now', async () => {
  await using served = await ServedNamespace.start()
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0x11, 0o1600)
  const pictures: [time: number, texts: string][] = []
  for (const word of ['a', 'b', 'c']) {
    await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(word) }, 0)
    if (word === 'c') await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT)
    const { queues } = await namespace.checkpoint()
    pictures.push([await nextInstant(), textsOf(queues[0]?.messages ?? [])])
  }
  deepEqual(
    pictures.map(([, texts]) => texts),
    ['a', 'ab', 'bc'],
  )
  for (const [time, texts] of pictures) {
    const past = await namespace.checkpointAt?.(time)
    equal(textsOf(past?.queues[0]?.messages ?? []), texts)
    equal(past?.time, time)
  }
  deepEqual((await namespace.checkpointAt?.(0))?.queues, [])
  await rejects(namespace.checkpointAt?.(Date.now() + 60_000) ?? Promise.resolve(), { code: 'ERR_MSGQ_UNAVAILABLE' })
  equal(textsOf((await namespace.checkpoint()).queues[0]?.messages ?? []), 'bc')
})

test('the past is for root and the owner alone', async () => {
  const peer = { pid: 1, tid: 1, uid: 12_345, gid: 1, groups: [], capabilities: [] }
  await using served = await ServedNamespace.start({}, { peerOf: () => peer })
  await using namespace = await served.connect()
  await namespace.msgget(0x11, 0o1600)
  await rejects(eventsOf(namespace), { code: 'EACCES', message: /for the owner of the namespace, and root/ })
  await rejects(namespace.checkpointAt?.(Date.now()) ?? Promise.resolve(), { code: 'EACCES' })
})

test('msgq log, copy --at and restore --at reach what --retain holds', async () => {
  await using serve = await ServeProcess.start(['--retain', '1h,64MiB'])
  const on = (...words: string[]) => msgq(['--namespace', serve.url, ...words])
  on('create', '--key', '0x77')
  on('send', '0x77', 'old', '--type', '7')
  const then = await nextInstant()
  on('receive', '0x77', '--nowait')
  // An image is written at each stop, and covers what was before.
  equal(await serve.stop(), 0)
  await serve.start(['--retain', '1h,64MiB'])
  match(on('log', '0x77', '--to', `@${then / 1000}`).stdout, /created.*\n.*sent .* 7 +3 +1\n$/)
  deepEqual(
    on('log', '--json')
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line).event),
    ['created', 'sent', 'received'],
  )
  equal(on('copy', '0x77', '--at', `@${then / 1000}`, '--raw').stdout, 'old')
  equal(on('copy', '0x77', '--raw').stdout, '')
  const restored = on('restore', '--at', `@${then / 1000}`, '--replace')
  equal(restored.status, 0, restored.stderr)
  equal(on('receive', '0x77', '--nowait', '--raw').stdout, 'old')
  equal(on('log', '--from', 'noon').status, 2)
  ok(msgq(['--namespace', 'memory:', 'log']).stderr.includes('memory: keeps no past'))
})

test('msgq watch shows what comes, takes nothing, and ends when the queue is removed', async () => {
  await using serve = await ServeProcess.start()
  await using namespace = await openNamespace(serve.url)
  const msqid = await namespace.msgget(0x77, 0o1600)
  await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes('there') }, 0)
  const words = ['--namespace', serve.url, 'watch', '0x77', '--raw']
  const watching = spawn(process.execPath, [MSGQ, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(watching, 'close')
  let shown = ''
  watching.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  while ((await namespace.waiting()).length === 0) await delay(1)
  for (const word of ['new', 'er']) await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(word) }, 0)
  while (shown !== 'newer') await Promise.race([once(watching.stdout, 'data'), ended.then(() => ok(false, shown))])
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 3)
  await namespace.msgctl(msqid, IPC_RMID)
  await ended
  equal(shown, 'newer')
})

function textsOf(messages: Iterable<{ readonly mtext: Uint8Array }>): string {
  return Array.from(messages, ({ mtext }) => new TextDecoder().decode(mtext)).join('')
}
