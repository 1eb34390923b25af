import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import { writeImage } from '../../src/image/index.ts'
import { json, MessageQueue } from '../../src/queue/index.ts'
import { msgq } from './child.ts'

const directory = mkdtempSync(join(tmpdir(), 'msgq-cli-'))
after(() => rmSync(directory, { recursive: true }))

const memory = (...words: string[]) => msgq(['--namespace', 'memory:', ...words])

describe('msgq --namespace memory:', () => {
  test('ls prints the headings of ipcs over no queue, and an empty array as JSON', () => {
    const { status, stdout } = memory('ls')
    equal(status, 0)
    equal(stdout, 'key  msqid  owner  perms  used-bytes  messages  qbytes  full\n')
    equal(memory('ls', '--json').stdout, '[]\n')
  })

  test('create prints the id alone, and all numbers as JSON', () => {
    equal(memory('create', '--key', '0x4d5347', '--mode', '640').stdout, '0\n')
    const stat = JSON.parse(memory('create', '--key', '023251507', '--mode', '0640', '--qbytes', '9', '--json').stdout)
    equal(stat.key, 0x4d5347)
    equal(stat.mode, 0o640)
    equal(stat.qbytes, 9)
  })

  test('limits prints those of a new namespace, and what is in use', () => {
    match(memory('limits').stdout, /^msgmax +8192 .*\nmsgmnb +16384 .*\nmsgmni +32000 /m)
    deepEqual(JSON.parse(memory('limits', '--json').stdout), {
      msgmax: 8192,
      msgmnb: 16384,
      msgmni: 32000,
      next_id: -1,
      queues: 0,
      messages: 0,
      bytes: 0,
    })
  })

  test('a queue that is not there is refused: exit 1, the errno, and a hint', () => {
    for (const words of [
      ['stat', '7'],
      ['copy', '7'],
      ['receive', '7'],
      ['send', '7', 'x'],
      ['rm', '7'],
    ]) {
      const { status, stdout, stderr } = memory(...words)
      equal(status, 1, words.join(' '))
      equal(stdout, '')
      match(stderr, /^msgq: EINVAL: invalid argument, msg\w+ \(queue 7\)\nhint: .*no queue has/i)
    }
    const { status, stderr } = memory('stat', '0x77', '--json')
    equal(status, 1)
    const { hint, ...told } = JSON.parse(stderr)
    match(hint, /msgq create --key 0x00000077/)
    const message = 'ENOENT: no such file or directory, msgget (key 0x00000077)'
    deepEqual(told, { code: 'ENOENT', errno: -2, syscall: 'msgget', key: 0x77, message, exitCode: 1 })
  })

  test('restore brings an image back, says that it ends with the command, and checkpoint says what it saved', async () => {
    const image = join(directory, 'image')
    const namespace = openEmbeddedNamespace()
    const jobs = await MessageQueue.create(namespace, 0x1234, json<{ id: number }>())
    await jobs.send({ id: 1 })
    await jobs.send({ id: 2 })
    await writeImage(image, await namespace.checkpoint())

    const { status, stdout, stderr } = memory('restore', image)
    equal(status, 0)
    equal(stdout, `restored 1 queue, 2 messages, 16 bytes from ${image}: id 0\n`)
    match(stderr, /memory: ends with this command/)
    deepEqual(JSON.parse(memory('restore', image, '--json').stdout), {
      directory: image,
      queues: 1,
      messages: 2,
      bytes: 16,
      msqids: [0],
      notRestored: [],
    })

    const empty = join(directory, 'new', 'empty')
    equal(
      memory('checkpoint', empty).stdout,
      `saved 0 queues, 0 messages, 0 bytes in ${empty}; the queues are untouched\n`,
    )
    equal(memory('restore', empty).stdout, `restored 0 queues, 0 messages, 0 bytes from ${empty}\n`)
  })

  test('restore of no image, or a damaged one, is out of reach: exit 3, and the file is named', async () => {
    const missing = memory('restore', join(directory, 'missing'))
    equal(missing.status, 3)
    match(missing.stderr, /^msgq: ENOENT: .*missing/)

    const damaged = join(directory, 'damaged')
    await writeImage(damaged, await openEmbeddedNamespace().checkpoint())
    const file = readdirSync(damaged).find((name) => name.startsWith('ipcns-var')) ?? ''
    writeFileSync(join(damaged, file), readFileSync(join(damaged, file)).subarray(0, 20))
    const { status, stdout, stderr } = memory('restore', damaged, '--json')
    equal(status, 3)
    equal(stdout, '')
    const told = JSON.parse(stderr)
    equal(told.code, 'ERR_MSGQ_IMAGE')
    equal(told.file, file)
  })

  test('checkpoint into a directory that cannot be made is out of reach, and tells the system error', () => {
    const { status, stderr } = memory('checkpoint', join('/dev/null', 'image'))
    equal(status, 3)
    match(stderr, /^msgq: ENOTDIR: /)
  })

  test('checkpoint where the namespace cannot copy is refused: ENOSYS', () => {
    const { status, stderr } = msgq(['-n', 'memory:?checkpointRestore=false', 'checkpoint', join(directory, 'none')])
    equal(status, 1)
    match(stderr, /^msgq: ENOSYS: .*\nhint: .*CONFIG_CHECKPOINT_RESTORE/)
  })
})

describe('msgq --namespace linux:?pid=N', () => {
  test('of no process is out of reach: exit 3', () => {
    const { status, stderr } = msgq(['-n', 'linux:?pid=2147483646', 'ls', '--json'])
    equal(status, 3)
    equal(JSON.parse(stderr).code, 'ERR_MSGQ_UNAVAILABLE')
  })
})
