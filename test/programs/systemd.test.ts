import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type Finished, MSGQ, runProgram } from '../cli/child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from '../cli/private-namespace.ts'
import { without } from '../cli/seccomp.ts'
import { commandWords, SCRIPT, setting, UNITS } from './units.ts'

const ENOSYS = 38
/** systemd's own units, which ours are ordered against. */
const SYSTEM_UNITS = '/usr/lib/systemd/system'

const directory = mkdtempSync(join(tmpdir(), 'msgq-systemd-'))
const [state, run, bin] = [join(directory, 'state'), join(directory, 'run'), join(directory, 'bin')]
const { PATH = '' } = process.env
const environment = { STATE_DIRECTORY: state, RUNTIME_DIRECTORY: run, PATH: `${bin}${delimiter}${PATH}` }

before(() => {
  mkdirSync(bin)
  writeFileSync(join(bin, 'msgq'), `#!/bin/sh\nexec '${process.execPath}' '${MSGQ}' "$@"\n`, { mode: 0o755 })
})
after(() => rmSync(directory, { recursive: true }))

describe('the units of examples/systemd', { skip: skipReason() }, () => {
  test('are accepted by systemd-analyze verify without a word, and so is a program that is ordered by them', () => {
    const root = join(directory, 'root')
    const place = (file: string) => {
      mkdirSync(join(root, file, '..'), { recursive: true })
      return join(root, file)
    }
    cpSync(SYSTEM_UNITS, place(SYSTEM_UNITS), { recursive: true, verbatimSymlinks: true })
    const units = readdirSync(UNITS).filter((name) => /\.(service|socket|target|timer)$/.test(name))
    for (const unit of units) cpSync(join(UNITS, unit), place(`/etc/systemd/system/${unit}`))
    writeFileSync(place('/etc/systemd/system/shop.service'), `[Service]\nExecStart=${SCRIPT} restore\n`)
    cpSync(join(UNITS, 'queues.conf'), place('/etc/systemd/system/shop.service.d/queues.conf'))
    cpSync(join(UNITS, 'msgq-queues'), place(SCRIPT))
    for (const program of ['/bin/sh', '/usr/local/bin/msgq']) writeFileSync(place(program), '', { mode: 0o755 })

    const verify = ['verify', '--man=no', `--root=${root}`, ...units, 'shop.service']
    const { status, stdout, stderr } = runProgram('systemd-analyze', verify)
    equal(stderr + stdout, '')
    equal(status, 0)
    ok(units.length >= 6)
  })

  test('call the script that is beside them, which may be run', () => {
    equal(setting('msgq-queues.service', 'ExecStart'), `${SCRIPT} restore`)
    equal(setting('msgq-queues.service', 'ExecStop'), `${SCRIPT} save`)
    equal(spawnSync(join(UNITS, 'msgq-queues')).status, 2)
  })
})

describe('ExecStart= and ExecStop= of msgq-queues.service', { skip: KERNEL_SKIPPED }, () => {
  let kernel: PrivateNamespace

  /** The machine starts: the kernel has no queues, and /run is empty. */
  const boot = async () => {
    await kernel?.[Symbol.asyncDispose]()
    kernel = await PrivateNamespace.open()
    rmSync(run, { recursive: true, force: true })
    mkdirSync(run)
  }
  const command = (name: string): [program: string, words: string[]] => {
    const [program = '', ...words] = commandWords(setting('msgq-queues.service', name))
    return [program.replace(SCRIPT, join(UNITS, 'msgq-queues')), words]
  }
  const start = () => kernel.run(...command('ExecStart'), { environment })
  const stop = () => kernel.run(...command('ExecStop'), { environment })
  const well = ({ status, stdout, stderr }: Finished) => {
    equal(stderr, '')
    equal(status, 0)
    return stdout
  }
  const msgq = (...words: string[]) => well(kernel.msgq(words)).trimEnd()
  /** What a restore must bring back, and all messages. */
  const queues = () =>
    JSON.parse(msgq('ls', '--json')).map(({ msqid, key, uid, mode, qbytes }: Record<string, number>) => ({
      ...{ msqid, key, uid, mode, qbytes },
      messages: msgq('copy', String(msqid), '--json'),
    }))
  const images = () => readdirSync(state).sort()

  beforeEach(async () => {
    rmSync(state, { recursive: true, force: true })
    mkdirSync(state)
    await boot()
  })
  after(() => kernel[Symbol.asyncDispose]())

  const fill = () => {
    msgq('create')
    equal(msgq('create', '--key', '0x5348', '--mode', '640', '--qbytes', '5000'), '1')
    msgq('send', '1', 'first')
    msgq('send', '1', 'second', '--type', '9007199254740993')
  }

  test('restore without an image is well: the first start of a machine', () => {
    match(well(start()), /^there are no saved queues to restore$/m)
    deepEqual(images(), [])
  })

  test('bring the same queues over a reboot', async () => {
    well(start())
    fill()
    const before = queues()
    well(stop())
    await boot()
    deepEqual(queues(), [])
    match(well(start()), /^restored 2 queues, 2 messages, 11 bytes /)
    deepEqual(queues(), before)
    deepEqual(images(), ['restored'])
  })

  test('restore an image once: a crash since then doubles no message, and the image is kept', async () => {
    fill()
    well(stop())
    await boot()
    well(start())
    equal(JSON.parse(msgq('receive', '1', '--json')).payload, 'first')
    // A power cut: nothing was saved.
    await boot()
    match(well(start()), /^there are no saved queues to restore$/m)
    deepEqual(queues(), [])
    match(msgq('restore', join(state, 'restored')), /^restored 2 queues, 2 messages/)
  })

  test('leave queues alone that still stand, when the service is restarted without a reboot', async () => {
    fill()
    well(stop())
    match(well(start()), /^the saved queues still stand: there is nothing to restore$/m)
    equal(JSON.parse(msgq('ls', '--json')).length, 2)
    // They are used from here on: after a crash the image is an old one.
    await boot()
    well(start())
    deepEqual(queues(), [])
  })

  test('save again what was saved in the same boot and not restored', async () => {
    fill()
    well(stop())
    msgq('send', '1', 'third')
    well(stop())
    const before = queues()
    await boot()
    well(start())
    deepEqual(queues(), before)
  })

  test('fail where the queues cannot be saved, and keep the image that was restored', async () => {
    fill()
    well(stop())
    await boot()
    well(start())
    const before = readFileSync(join(state, 'restored', 'msgq-1.ndjson'))
    const [program, words] = command('ExecStop')
    // No file may have a byte: the first that is written ends msgq with SIGXFSZ.
    const failed = kernel.run('sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', program, ...words], { environment })
    ok(failed.status !== 0)
    ok(!existsSync(join(state, 'saved', 'msgq-1.ndjson')))
    deepEqual(readFileSync(join(state, 'restored', 'msgq-1.ndjson')), before)
    await boot()
    match(well(start()), /^there are no saved queues to restore$/m)
  })

  test('fail where the queues cannot be restored, and keep their image for the next try', async () => {
    fill()
    well(stop())
    const before = queues()
    await boot()
    // A program was too early, and made a queue of the key.
    msgq('create', '--key', '0x5348')
    const { status, stderr } = start()
    match(stderr, /^msgq: EEXIST: /)
    equal(status, 1)
    deepEqual(images(), ['saved'])
    equal(kernel.msgq(['rm', '0x5348']).status, 0)
    well(start())
    deepEqual(queues(), before)
  })

  test('save into a directory that nobody else may read', async () => {
    chmodSync(state, 0o755)
    fill()
    well(stop())
    equal(well(kernel.run('stat', ['-c', '%a', join(state, 'saved')])), '700\n')
    equal(setting('msgq-queues.service', 'StateDirectoryMode'), '0700')
  })
})

describe('ExecStart= of msgq-metrics.service', { skip: KERNEL_SKIPPED }, () => {
  const [program = '', ...words] = commandWords(setting('msgq-metrics.service', 'ExecStart'))
  const folder = join(directory, 'textfile')

  test('writes the measures, in one step, and leaves the old ones where that fails', async () => {
    await using kernel = await PrivateNamespace.open()
    mkdirSync(folder)
    kernel.msgq(['create'])
    const { status, stdout, stderr } = kernel.run('env', ['-C', folder, program, ...words], { environment })
    equal(stdout + stderr, '')
    equal(status, 0)
    deepEqual(readdirSync(folder), ['msgq.prom'])
    const written = readFileSync(join(folder, 'msgq.prom'), 'utf8')
    match(written, /^msgq_queues 1$/m)

    const without_ = without({ call: 'msgctl', errno: ENOSYS }, [program, ...words])
    const failed = kernel.run('env', ['-C', folder, without_[0], ...without_[1]], { environment })
    ok(failed.status !== 0)
    equal(readFileSync(join(folder, 'msgq.prom'), 'utf8'), written)
  })
})

/** A program that is missing here; in CI that is a failure, so there the test runs. */
function skipReason(): string | false {
  const { CI } = process.env
  if (CI) return false
  return spawnSync('systemd-analyze', ['--version']).status === 0
    ? false
    : 'there is no systemd-analyze (Debian package systemd)'
}
