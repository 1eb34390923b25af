import { deepEqual, equal, match, ok } from 'node:assert/strict'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { conformanceCases } from '../../src/conformance/index.ts'
import { type Finished, MSGQ, msgq } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'
import { without } from './seccomp.ts'

/** Between two looks at a namespace. */
const LOOK_AGAIN_MS = 10
const EINVAL = 22
const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const

interface Report {
  readonly url: string
  readonly passed: number
  readonly failed: number
  readonly notApplicable: number
  readonly leftOut: number
  readonly cases: readonly { name: string; outcome: string; reason?: string }[]
}

function reportOf({ stdout, stderr }: Finished): Report {
  equal(stderr, '')
  return JSON.parse(stdout)
}

/** The command on the kernel's queues, in a namespace that stands. */
const LINUX = [process.execPath, MSGQ, 'conformance', 'linux:']

describe('msgq conformance', () => {
  test('memory: passes every case, tells how many, and prints nothing of a test runner', () => {
    const { status, stdout, stderr } = msgq(['conformance', 'memory:'])
    equal(status, 0)
    match(stderr, /^memory: \d+ cases to run, each in a new namespace\n$/)
    match(stdout, /^memory: \d+ passed, 0 failed, \d+ not applicable, 0 left out\n$/)
  })

  test('--json is one object, with each case in the order of the suite', () => {
    const report = reportOf(msgq(['-n', 'memory:', 'conformance', '--json']))
    deepEqual(
      report.cases.map(({ name }) => name),
      conformanceCases.map(({ name }) => name),
    )
    equal(report.url, 'memory:')
    const { passed, failed, notApplicable, leftOut } = report
    deepEqual([passed + notApplicable, failed, leftOut], [conformanceCases.length, 0, 0])
  })

  test('--only runs the cases that have all of the words, in any case', () => {
    const { cases } = reportOf(msgq(['conformance', 'memory:', '--only', 'msg_copy enomsg', '--json']))
    ok(cases.length > 0)
    for (const { name } of cases) ok(/msg_copy/i.test(name) && /enomsg/i.test(name), name)
  })

  for (const [words, told] of [
    [['memory:', '--only', 'xyzzy'], /no case has "xyzzy" in its name/],
    [['kafka:'], /kafka: is not a namespace/],
  ] as const) {
    test(`${words.join(' ')} is a usage error`, () => {
      const { status, stdout, stderr } = msgq(['conformance', ...words])
      match(stderr, told)
      equal(stdout, '')
      equal(status, 2)
    })
  }
})

describe('msgq conformance linux:', { skip: KERNEL_SKIPPED }, () => {
  test('beside queues in use passes what it can run, leaves them alone, and removes what it has made', async () => {
    await using kernel = await PrivateNamespace.open()
    // The key is one that cases use.
    kernel.msgq(['create', '--key', '0x4a0b5', '--mode', '666'])
    kernel.msgq(['send', '0x4a0b5', 'ours', '--type', '7'])
    kernel.msgq(['create'])
    kernel.msgq(['limits', '--msgmnb', '20000', '--next-id', '99'])
    const state = () => [
      kernel.msgq(['ls', '--json']).stdout,
      kernel.msgq(['copy', '0x4a0b5', '--json']).stdout,
      kernel.msgq(['limits', '--json']).stdout.replace(/"next_id":-?\d+,/, ''),
    ]
    const before = state()
    const finished = kernel.run(LINUX[0] ?? '', [...LINUX.slice(1), '--only', 'queue', '--json'])
    const report = reportOf(finished)
    equal(finished.status, 0, finished.stdout)
    equal(report.failed, 0)
    ok(report.passed >= 25, `${report.passed} passed`)
    deepEqual(state(), before)
    const reasons = report.cases.flatMap(({ reason }) => reason ?? []).join('\n')
    match(reasons, /it sets limits/)
    match(reasons, /it uses the key 0x0004a0b5, which another queue has/)
  })

  test('says beforehand what it runs and what it leaves out, and runs that with --fresh', async () => {
    await using kernel = await PrivateNamespace.open()
    const only = ['--only', 'msgget']
    const beside = kernel.run(LINUX[0] ?? '', [...LINUX.slice(1), ...only])
    match(beside.stderr, /^linux: \d+ cases to run, on queues of their own, beside those in use\n/)
    match(beside.stderr, /\n\d+ cases left out: they need a namespace of their own \(--fresh\)\n$/)
    match(beside.stdout, /^linux: \d+ passed, 0 failed, \d+ not applicable, [1-9]\d* left out\n$/)
    kernel.msgq(['create', '--key', '0x4a0b5'])
    const before = kernel.msgq(['ls', '--json']).stdout
    const fresh = kernel.run(LINUX[0] ?? '', [...LINUX.slice(1), ...only, '--fresh'])
    match(fresh.stdout, /^linux: \d+ passed, 0 failed, \d+ not applicable, 0 left out\n$/)
    equal(fresh.status, 0)
    equal(kernel.msgq(['ls', '--json']).stdout, before)
  })

  test('linux:?pid=N runs in the namespace of another process, its own helpers too', async () => {
    await using kernel = await PrivateNamespace.open()
    const url = `linux:?pid=${kernel.pid}`
    const report = reportOf(msgq(['conformance', url, '--only', 'another process', '--json']))
    equal(report.url, url)
    equal(report.failed, 0)
    ok(report.passed > 0)
    equal(kernel.msgq(['ls', '--json']).stdout, '[]\n')
    // The ids have gone on there, and so it was there.
    ok(Number(kernel.msgq(['create']).stdout) > 0)
    const both = msgq(['conformance', url, '--fresh'])
    match(both.stderr, /--fresh and a process exclude each other/)
    equal(both.status, 2)
  })

  test('of a user without rights leaves out the cases that act as others, and says why', async () => {
    await using kernel = await PrivateNamespace.open()
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', ...LINUX]
    const finished = kernel.run('setpriv', [...nobody, '--only', 'msgget', '--json'])
    equal(finished.status, 0, finished.stdout)
    match(finished.stdout, /it acts as other users, which needs root/)
    ok(reportOf(finished).passed > 0)
    equal(kernel.msgq(['ls', '--json']).stdout, '[]\n')
    const fresh = kernel.run('setpriv', [...nobody, '--only', 'msgget', '--fresh'])
    equal(fresh.status, 1)
    match(fresh.stdout, /a fresh IPC namespace needs CAP_SYS_ADMIN/)
  })

  test('names the case that fails on a kernel that is wrong, says what differed, and exits with 1', async () => {
    await using kernel = await PrivateNamespace.open()
    // A kernel whose msgrcv does not know MSG_EXCEPT.
    const [program, words] = without({ call: 'msgrcv', argument: 4, bits: 0o20000, errno: EINVAL }, LINUX)
    const { status, stdout } = kernel.run(program, [...words, '--only', 'MSG_EXCEPT'])
    equal(status, 1)
    match(stdout, /^failed: .*MSG_EXCEPT.*\n {4}EINVAL: invalid argument, msgrcv/m)
    match(stdout, /^linux: \d+ passed, [1-9]\d* failed, /m)
    const json = kernel.run(program, [...words, '--only', 'MSG_EXCEPT', '--json'])
    equal(json.status, 1)
    ok(reportOf(json).cases.some(({ outcome, reason }) => outcome === 'failed' && reason?.startsWith('EINVAL')))
    equal(kernel.msgq(['ls', '--json']).stdout, '[]\n')
  })

  for (const [signal, status] of SIGNALS) {
    test(`${signal} in the middle of a case ends it, leaves none of its queues, and exits with ${status}`, async () => {
      await using kernel = await PrivateNamespace.open()
      kernel.msgq(['create', '--key', '0x77'])
      const before = kernel.msgq(['ls', '--json']).stdout
      const child = kernel.start(['conformance', '--only', 'wait'])
      await untilQueues(kernel, child, 2)
      child.kill(signal)
      const [code] = await once(child, 'exit')
      equal(code, status)
      equal(kernel.msgq(['ls', '--json']).stdout, before)
    })
  }
})

/** Waits until the namespace has so many queues. */
async function untilQueues(
  kernel: PrivateNamespace,
  child: ChildProcessWithoutNullStreams,
  least: number,
): Promise<void> {
  for (;;) {
    const { stdout } = kernel.run('ipcs', ['-q'])
    if ((stdout.match(/^0x/gm) ?? []).length >= least) return
    equal(child.exitCode, null, 'it ended before')
    await setTimeout(LOOK_AGAIN_MS)
  }
}
