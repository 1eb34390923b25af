import { equal, match, ok } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { IPC_NOWAIT } from '../../src/abi/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { ServeProcess } from '../daemon/serve-process.ts'
import { MSGQ, msgq } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

const KEY = 0x62726467

class Bridge implements AsyncDisposable {
  readonly #child: ChildProcess
  said = ''

  constructor(...words: string[]) {
    this.#child = spawn(process.execPath, [MSGQ, 'bridge', ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said += text
    })
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const ended = once(this.#child, 'close')
    this.#child.kill(signal)
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop('SIGKILL')
  }
}

test('msgq bridge goes on over the end of either side, and loses and doubles nothing', async () => {
  await using source = await ServeProcess.start()
  await using target = await ServeProcess.start()
  await using bridge = new Bridge(source.url, target.url, '--queue', '0x62726467')
  await using from = await openNamespace(source.url)
  await using to = await openNamespace(target.url)
  let sent = 0
  const received: number[] = []
  const send = async () => {
    const queue = await from.msgget(KEY, 0o1640)
    await from.msgsnd(queue, { mtype: 1, mtext: Buffer.from(String(++sent)) }, 0)
  }
  const receive = async () => {
    while (bridge.said === '' && received.length === 0 && (await queuesOf()) === 0) await delay(1)
    const queue = await to.msgget(KEY, 0o1640)
    const { mtext } = await to.msgrcv(queue, 10, 0, 0)
    received.push(Number(Buffer.from(mtext)))
  }
  const queuesOf = async () => (await to.checkpoint()).queues.length
  for (let round = 0; round < 6; round++) {
    for (let count = 0; count < 20; count++) await send()
    const [stopped, signal] = [round % 2 === 0 ? target : source, round < 3 ? 'SIGKILL' : 'SIGTERM'] as const
    await stopped.stop(signal)
    await stopped.start()
    for (let count = 0; count < 20; count++) await send()
    while (received.length < sent) await receive()
  }
  equal(received.join(), Array.from({ length: sent }, (_, index) => index + 1).join())
  const [made] = (await to.checkpoint()).queues
  equal(made?.perm.mode, 0o640)
  await bridge.stop()
  match(bridge.said, /moved \d+ messages/)
})

test('msgq bridge --mirror sends each message once, and takes none', async () => {
  await using source = await ServeProcess.start()
  await using target = await ServeProcess.start()
  await using from = await openNamespace(source.url)
  await using to = await openNamespace(target.url)
  const [queue, copy] = [await from.msgget(KEY, 0o1600), await to.msgget(KEY, 0o1600)]
  await using bridge = new Bridge(source.url, target.url, '-q', '0x62726467', '--mirror', '--type', '2')
  for (let count = 1; count <= 30; count++) {
    await from.msgsnd(queue, { mtype: 1 + (count % 2), mtext: Buffer.from(String(count)) }, 0)
    if (count === 10) {
      await target.stop('SIGKILL')
      await target.start()
    }
  }
  const texts: string[] = []
  while (texts.length < 15) texts.push(Buffer.from((await to.msgrcv(copy, 10, 0, 0)).mtext).toString())
  equal(texts.join(), '1,3,5,7,9,11,13,15,17,19,21,23,25,27,29')
  equal((await from.checkpoint()).queues[0]?.messages.length, 30)
  await bridge.stop()
  const rest = await to.msgrcv(copy, 10, 0, IPC_NOWAIT).catch((error: NodeJS.ErrnoException) => error.code)
  equal(rest, 'ENOMSG')
})

test('msgq bridge takes the kernel’s messages to a daemon, and loses none when either is killed', {
  skip: KERNEL_SKIPPED,
}, async () => {
  await using kernel = await PrivateNamespace.open()
  await using target = await ServeProcess.start()
  await using to = await openNamespace(target.url)
  const spool = ['--spool', join(target.directory, 'spool')]
  const words = kernel.entering(process.execPath, [MSGQ, 'bridge', 'linux:', target.url, '-q', '0x62726467', ...spool])
  const start = () => spawn('nsenter', words, { stdio: 'ignore' })
  equal(kernel.msgq(['create', '--key', '0x62726467']).status, 0)
  let sent = 0
  const send = (count: number) => {
    const lines = Array.from({ length: count }, () => `{"type":1,"encoding":"utf-8","payload":"${++sent}"}\n`).join('')
    const { status, stderr } = kernel.msgq(['send', '0x62726467', '--ndjson'], { input: lines })
    equal(status, 0, stderr)
  }
  send(30)
  let bridge = start()
  const received = new Set<number>()
  const receiveAll = async () => {
    const queue = await to.msgget(KEY, 0o1600)
    while (received.size < sent) received.add(Number(Buffer.from((await to.msgrcv(queue, 10, 0, 0)).mtext)))
  }
  await receiveAll()
  await target.stop('SIGKILL')
  send(30)
  await target.start()
  await receiveAll()
  equal([...received].join(), Array.from({ length: sent }, (_, index) => index + 1).join(), 'in their order')
  const ended = once(bridge, 'close')
  bridge.kill('SIGKILL')
  await ended
  send(30)
  bridge = start()
  await receiveAll()
  const gone = once(bridge, 'close')
  bridge.kill('SIGKILL')
  await gone
})

test('msgq bridge says what is wrong, and begins nothing', () => {
  const refusals: readonly (readonly [words: string[], says: RegExp])[] = [
    [['memory:', 'linux:'], /which queue\? bridge needs --queue KEY/],
    [['memory:', 'linux:', '--queue', '3'], /--queue 3 is an id, and each side has its own/],
    [['linux:', 'linux:', '--queue', '0x3'], /both sides are linux:/],
    [['kafka:', 'linux:', '--queue', '0x3'], /kafka: is not a namespace/],
    [['linux:'], /bridge needs more: URL URL/],
  ]
  for (const [words, says] of refusals) {
    const { status, stderr } = msgq(['bridge', ...words])
    equal(status, 2, stderr)
    match(stderr, says)
  }
  ok(msgq(['bridge', '--help']).stdout.includes('--mirror'))
})
