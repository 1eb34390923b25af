import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { MSGQ } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte)

describe('msgq receive --exec, from the kernel,', { skip: KERNEL_SKIPPED }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-exec-'))
  const spool = join(directory, 'spool')
  // One for each test that needs it: the cat of a command that was killed may still have the other open.
  const [fifo, fifoOfInterrupt] = [join(directory, 'fifo'), join(directory, 'fifo-of-interrupt')]
  let kernel: PrivateNamespace
  let id: string
  before(async () => {
    execFileSync('mkfifo', [fifo, fifoOfInterrupt])
    kernel = await PrivateNamespace.open()
  })
  beforeEach(() => {
    id = kernel.msgq(['create']).stdout.trim()
  })
  after(async () => {
    rmSync(directory, { recursive: true })
    await kernel[Symbol.asyncDispose]()
  })

  const send = (text: string | Uint8Array, type = '1') =>
    equal(kernel.msgq(['send', id, '-', '--type', type], { input: text }).status, 0)
  const words = (command: string, more: readonly string[]) => [
    ...['receive', id, '--spool', spool, '--exec', command],
    ...more,
  ]
  const exec = (command: string, ...more: readonly string[]) => kernel.msgq(words(command, more))
  const qnum = () => JSON.parse(kernel.msgq(['stat', id, '--json']).stdout).qnum
  const slots = () => readdirSync(spool)

  test('runs the shell for each message: payload on its input, type, length, id and URL around it', () => {
    send('one', '9223372036854775807')
    send('grüße', '2')
    const command = 'echo "$MSGQ_TYPE $MSGQ_LENGTH $MSGQ_MSQID $MSGQ_NAMESPACE $(cat)"'
    const { status, stdout, stderr } = exec(command, '--count', '2')
    equal(stdout, `9223372036854775807 3 ${id} linux: one\n2 7 ${id} linux: grüße\n`)
    equal(stderr, '')
    equal(status, 0)
    equal(qnum(), 0)
    deepEqual(slots(), [])
  })

  test('gives every byte of a message, also to a command that reads none of them', () => {
    send(EVERY_BYTE)
    deepEqual([...exec('cat').stdoutBytes], [...EVERY_BYTE])
    send(Buffer.alloc(8_192))
    send('')
    equal(exec('exit 0', '--count', '2').status, 0)
    equal(qnum(), 0)
  })

  test('a command can use msgq, which finds the same namespace', () => {
    send('pass it on')
    const other = kernel.msgq(['create']).stdout.trim()
    equal(exec(`'${process.execPath}' '${MSGQ}' send ${other}`).stderr, '')
    equal(kernel.msgq(['receive', other, '--raw']).stdout, 'pass it on')
  })

  test('a command that fails ends it with 1, also with --follow, and the next one begins with its message', () => {
    for (const text of ['poison', 'next', 'last']) send(text, '7')
    const runs = join(directory, 'runs')
    const { status, stdout, stderr } = exec(`echo run >> ${runs}; cat; exit 3`, '--follow')
    equal(status, 1)
    equal(stdout, 'poison')
    equal(readFileSync(runs, 'utf8'), 'run\n')
    const [slot = ''] = slots()
    const where = `the message (type 7, 6 bytes) is in ${join(spool, slot)}: the next receive --exec or mv from queue ${id} begins with it`
    equal(stderr, `msgq: echo run >> ${runs}; cat; exit 3: exit status 3\nhint: ${where}\n`)
    equal(qnum(), 2)

    const again = exec('kill -9 $$', '--json')
    const [found, told] = again.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    equal(found.found.mayBeDoubled, false)
    deepEqual(told, {
      code: 'ERR_MSGQ_COMMAND',
      status: null,
      message: 'kill -9 $$: ended by SIGKILL',
      hint: where,
      exitCode: 1,
    })

    const good = exec('cat; echo', '--count', '3')
    equal(good.stdout, 'poison\nnext\nlast\n')
    match(
      good.stderr,
      /^begins with a message of type 7, 6 bytes, .* on its way from linux: \d+ to the command "kill -9 \$\$"\n$/,
    )
    deepEqual(slots(), [])
  })

  test('a slot with a message of another type is left alone: exit 3, and the choices', () => {
    send('seven', '7')
    equal(exec('false').status, 1)
    const { status, stderr } = exec('cat', '--type', '5')
    match(stderr, /has a message of type 7 .*, and that type is not to be received: receive it first, or use another/)
    equal(status, 3)
    equal(exec('cat', '--type', '7').stdout, 'seven')
  })

  test('killed by SIGKILL while the command runs it loses nothing, and the next says that it may be twice', async () => {
    send('precious')
    const child = kernel.start(words(`echo started; cat ${fifo}`, []))
    try {
      await once(child.stdout, 'data')
      equal(qnum(), 0)
      child.kill('SIGKILL')
      await once(child, 'exit')
    } finally {
      writeFileSync(fifo, '')
    }
    const { stdout, stderr, status } = exec('cat')
    equal(stdout, 'precious')
    match(stderr, /; it may have arrived there\n$/)
    equal(status, 0)
    deepEqual(slots(), [])
  })

  test('an interrupt waits for the command, whose message is then removed, and takes no other', async () => {
    send('one')
    send('two')
    const child = kernel.start(words(`echo started; cat ${fifoOfInterrupt}`, ['--follow']))
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    writeFileSync(fifoOfInterrupt, '')
    deepEqual(await once(child, 'exit'), [143, null])
    equal(qnum(), 1)
    deepEqual(slots(), [])
  })

  test('follows until the queue is removed, and ends with 0', async () => {
    // One write, so that what is read first is all of it.
    const child = kernel.start(words('echo "$(cat)"', ['--follow']))
    send('first')
    equal(String((await once(child.stdout, 'data'))[0]), 'first\n')
    equal(kernel.msgq(['rm', id]).status, 0)
    deepEqual(await once(child, 'exit'), [0, null])
    deepEqual(slots(), [])
  })

  test('ends with 124 in time, and with ENOMSG at once with --nowait', () => {
    equal(exec('cat', '--timeout', '0.05').status, 124)
    const { status, stderr } = exec('cat', '--nowait')
    equal(status, 1)
    match(stderr, /^msgq: ENOMSG: .*\nhint: .*without --nowait, receive waits/)
    deepEqual(slots(), [])
  })

  for (const [more, told] of [
    [['--exec', 'cat', '--raw'], /--exec and --raw exclude each other/],
    [['--spool', 'x'], /--spool is for --exec\nhint: leave it out/],
  ] as const) {
    test(`${more.join(' ')} is a usage error`, () => {
      const { status, stdout, stderr } = kernel.msgq(['receive', id, ...more])
      match(stderr, told)
      equal(stdout, '')
      equal(status, 2)
    })
  }
})
