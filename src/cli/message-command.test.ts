import { deepEqual, equal, rejects } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, describe, test } from 'node:test'
import { IPC_NOWAIT, IPC_RMID } from '../abi/index.ts'
import { openEmbeddedNamespace } from '../backends/embedded/index.ts'
import { bytes, MessageQueue } from '../queue/index.ts'
import type { CommandContext } from './command.ts'
import { executeForMessages } from './message-command.ts'
import { Output } from './output.ts'

const directory = mkdtempSync(join(tmpdir(), 'msgq-command-'))
after(() => rmSync(directory, { recursive: true }))
/** A command that reads it runs until its writer closes it; opening it to write waits for that command. */
const fifo = join(directory, 'fifo')
execFileSync('mkfifo', [fifo])

/** A queue of a namespace that holds, which no shell can fill: it lives in this process. */
async function filled(...messages: readonly string[]) {
  const namespace = openEmbeddedNamespace()
  const msqid = await namespace.msgget(0, 0o600)
  for (const text of messages) await namespace.msgsnd(msqid, { mtype: 1, mtext: Buffer.from(text) }, IPC_NOWAIT)
  const queue = await MessageQueue.at(namespace, msqid, bytes)
  const error = new PassThrough()
  const output = new Output(new PassThrough(), error, { isJson: false, environment: {} })
  const run = (command: string, { most = 1, interrupted = new AbortController().signal } = {}) => {
    const receiving = { namespace, msqid, msgtyp: 0, msgflg: 0, nowait: true, timeoutMs: undefined, most }
    let taken = 0
    const context: Pick<CommandContext, 'output' | 'interrupted'> = { output, interrupted }
    const done = executeForMessages(receiving, { command, spool: undefined, onTaken: () => taken++ }, context)
    return done.then(() => taken)
  }
  const content = async () => {
    const texts: string[] = []
    for await (const { payload } of queue.copies()) texts.push(Buffer.from(payload).toString())
    return texts
  }
  return { namespace, msqid, run, content, error }
}

describe('executeForMessages, where the namespace holds,', () => {
  test('removes the messages of commands that succeed, and no more than it was asked for', async () => {
    const { run, content } = await filled('a', 'b', 'c')
    equal(await run('read x; [ "$MSGQ_LENGTH" = 1 ]', { most: 2 }), 2)
    deepEqual(await content(), ['c'])
  })

  test('shows the message of a command that fails again at its place, and says so', async () => {
    const { run, content, msqid } = await filled('a', 'b')
    await rejects(run('exit 7', { most: Number.POSITIVE_INFINITY }), {
      code: 'ERR_MSGQ_COMMAND',
      status: 7,
      message: 'exit 7: exit status 7',
      hint: `the message (type 1, 1 byte) is on queue ${msqid} again, at its place`,
    })
    deepEqual(await content(), ['a', 'b'])
  })

  test('ends with the reason of an interrupt that ended its command too, and says where the message is', async () => {
    const { run, content, error } = await filled('a')
    const controller = new AbortController()
    const ended = rejects(run(`cat ${fifo}; kill -INT $$`, { interrupted: controller.signal }), /by the terminal/)
    const writer = await open(fifo, 'w')
    controller.abort(new Error('by the terminal'))
    await writer.close()
    await ended
    equal(String(error.read()), 'the message (type 1, 1 byte) is on queue 0 again, at its place\n')
    deepEqual(await content(), ['a'])
  })

  test('is content with a queue that was removed while its command ran', async () => {
    const { run, namespace, msqid } = await filled('a')
    const done = run(`cat ${fifo}`)
    const writer = await open(fifo, 'w')
    await namespace.msgctl(msqid, IPC_RMID)
    await writer.close()
    equal(await done, 1)
  })
})
