import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { MSG_COPY } from '../../src/abi/index.ts'
import { type Finished, MSGQ, msgq, runProgram } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'
import { type Forbidden, without } from './seccomp.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const ENOSYS = 38
const EPERM = 1

interface Report {
  readonly linux: boolean
  readonly findings: readonly { name: string; status: string; found: string; advice?: string }[]
}

const DOCTOR = [process.execPath, MSGQ, 'doctor', '--json']
/** A user without any right, and what root has beside its capabilities. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

/** The doctor's report on a kernel that lacks a call. */
function on(forbidden: Forbidden): Finished {
  return runProgram(...without(forbidden, DOCTOR))
}

function reportOf({ stdout, stderr }: Finished): Report {
  equal(stderr, '')
  return JSON.parse(stdout)
}

function finding(finished: Finished, name: string) {
  const found = reportOf(finished).findings.find((each) => each.name === name)
  ok(found !== undefined, `there is no line ${name}`)
  return found
}

describe('msgq doctor', { skip: KERNEL_SKIPPED }, () => {
  test('prints a line for each thing, in 80 columns, and says at its end that linux: can be used', () => {
    const { status, stdout, stderr } = msgq(['doctor'])
    equal(stderr, '')
    equal(status, 0)
    const lines = stdout.trimEnd().split('\n')
    deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    )
    deepEqual(
      lines.filter((line) => !/^(ok|limited|missing) +\S|^ {10,}\S|^`linux:` can be used/.test(line)),
      [],
    )
    for (const name of [
      'Node',
      'system',
      'koffi',
      'queues',
      'MSG_COPY',
      'limits',
      'msg_next_id',
      'freezer',
      'spool',
      'run',
      'NATS',
    ]) {
      match(stdout, new RegExp(`^(ok|limited) +${name} +\\S`, 'm'))
    }
    match(lines.at(-1) ?? '', /^`linux:` can be used/)
  })

  test('says what keeps `msgq run` from running programs: a sandbox, or another supervisor', () => {
    const sandboxed = finding(on({ call: 'msgctl', errno: EPERM, argument: 1, bits: 0x4000_0000 }), 'run')
    deepEqual([sandboxed.status, /outranks/.test(sandboxed.found)], ['limited', true])
    const supervised = finding(msgq(['run', '--', ...DOCTOR]), 'run')
    deepEqual([supervised.status, /another supervisor/.test(supervised.found)], ['limited', true])
  })

  test('--json tells the same, and whether linux: can be used', () => {
    const finished = msgq(['doctor', '--json'])
    equal(reportOf(finished).linux, true)
    equal(finding(finished, 'MSG_COPY').status, 'ok')
    match(finding(finished, 'Node').found, new RegExp(`^${process.versions.node}`))
    match(finding(finished, 'koffi').found, /^\d+\.\d+\.\d+, for linux-/)
    for (const { status, advice } of reportOf(finished).findings) equal(status === 'ok', advice === undefined)
  })

  test('makes no queue, and leaves the counts, the limits and the next id as they are', async () => {
    await using kernel = await PrivateNamespace.open()
    kernel.msgq(['create', '--key', '0x55'])
    kernel.msgq(['limits', '--msgmax', '10000'])
    const state = () => [kernel.msgq(['ls', '--json']).stdout, kernel.msgq(['limits', '--json']).stdout]
    const before = state()
    const finished = kernel.run(process.execPath, [MSGQ, 'doctor', '--json'])
    deepEqual(state(), before)
    match(finding(finished, 'queues').found, /^1 of 32000 queues in use, 0 messages$/)
    equal(finding(finished, 'limits').found, 'msgmax 10000, msgmnb 16384, msgmni 32000; `msgq limits` sets them')
    // The next queue is the next: an id that was used for trying would be missing.
    equal(kernel.msgq(['create']).stdout, '1\n')
  })

  test('warns when msgmni is almost reached', async () => {
    await using kernel = await PrivateNamespace.open()
    kernel.msgq(['limits', '--msgmni', '1'])
    kernel.msgq(['create'])
    const finished = kernel.run(process.execPath, [MSGQ, 'doctor', '--json'])
    equal(finding(finished, 'queues').status, 'limited')
    match(finding(finished, 'queues').advice ?? '', /ENOSPC.*msgq limits --msgmni/)
  })

  test('tells a user without rights which are missing, what for, and what to do', async () => {
    await using kernel = await PrivateNamespace.open()
    const finished = kernel.run('setpriv', [...NOBODY.slice(1), ...DOCTOR])
    equal(finished.status, 0)
    for (const name of ['limits', 'msg_next_id', 'read all', 'change all', 'qbytes', 'containers']) {
      const { status, advice = '' } = finding(finished, name)
      equal(status, 'limited', name)
      ok(advice !== '', name)
    }
    match(finding(finished, 'msg_next_id').found, /EACCES/)
    match(finding(finished, 'containers').found, /user 65534 .*EPERM/)
    equal(finding(finished, 'MSG_COPY').status, 'ok')
  })

  test('says that copy and checkpoint do not work where MSG_COPY is ENOSYS, and exits with 0', () => {
    const finished = on({ call: 'msgrcv', argument: 4, bits: MSG_COPY, errno: ENOSYS })
    equal(finished.status, 0)
    const { status, advice = '' } = finding(finished, 'MSG_COPY')
    equal(status, 'limited')
    match(advice, /CONFIG_CHECKPOINT_RESTORE.*checkpoint/)
  })

  test('says that linux: cannot be used where the kernel has no queues, and exits with 1', () => {
    const finished = on({ call: 'msgctl', errno: ENOSYS })
    equal(finished.status, 1)
    equal(reportOf(finished).linux, false)
    match(finding(finished, 'queues').found, /CONFIG_SYSVIPC/)
    match(finding(finished, 'queues').advice ?? '', /`memory:` runs here/)
  })

  test('says that a sandbox may forbid the queues where msgctl is EPERM', () => {
    const finished = on({ call: 'msgctl', errno: EPERM })
    equal(finished.status, 1)
    match(finding(finished, 'queues').found, /sandbox/)
  })

  test('says that other namespaces may not be entered where a sandbox forbids setns, also to root', () => {
    const finished = on({ call: 'setns', errno: EPERM })
    equal(finished.status, 0)
    equal(finding(finished, 'containers').status, 'limited')
  })
})

describe('msgq doctor where linux: cannot be', () => {
  test('runs on another system, says that memory: works there, and exits with 1', () => {
    const preload = `data:text/javascript,Object.defineProperty(process,'platform',{value:'darwin'})`
    const { status, stdout, stderr } = runProgram(process.execPath, ['--import', preload, MSGQ, 'doctor'])
    equal(stderr, '')
    equal(status, 1)
    match(stdout, /^ok +Node/m)
    match(stdout, /^missing +system/m)
    match(stdout, /^`linux:` cannot be used here; `memory:` can$/m)
  })

  test('says that koffi is not installed, and how to install it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'msgq-doctor-'))
    try {
      cpSync(join(ROOT, 'package.json'), join(directory, 'package.json'))
      cpSync(join(ROOT, 'dist', 'package'), join(directory, 'dist', 'package'), { recursive: true })
      const words = [join(directory, 'dist', 'package', 'main.js'), 'doctor', '--json']
      const finished = runProgram(process.execPath, words)
      equal(finished.status, 1)
      equal(finding(finished, 'koffi').status, 'missing')
      match(finding(finished, 'koffi').advice ?? '', /npm install koffi/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
