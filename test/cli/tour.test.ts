import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { MSGQ, msgq, runProgram } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'msgq-tour-test-'))
after(() => rmSync(folder, { recursive: true }))

/** Its own folder for temporary files, from which the tour is started too. */
function emptyFolder(name: string): string {
  const made = join(folder, name)
  mkdirSync(made)
  return made
}

describe('msgq tour', () => {
  test('shows the main job in one screen, from any folder, and leaves no file', () => {
    const elsewhere = emptyFolder('elsewhere')
    const { status, stdout, stderr } = msgq(['tour'], { folder: elsewhere, environment: { TMPDIR: elsewhere } })
    equal(stderr, '')
    equal(status, 0)
    const lines = stdout.trimEnd().split('\n')
    ok(lines.length <= 45, `${lines.length} lines`)
    deepEqual(
      lines.filter((line) => [...line].length > 80),
      [],
    )
    match(stdout, /saved 3 queues, 17 messages, 628 bytes/)
    for (const file of ['ipcns-msg-1.img', 'ipcns-var-1.img', 'msgq-1.ndjson'])
      match(stdout, new RegExp(`${file} \\(\\d+ bytes\\)`))
    match(stdout, /Nothing was removed\. Before and after: no difference\./)
    match(stdout, /Original and restored, field by field: no difference\./)
    match(stdout, /--at-most 2\)\n {3}type 1: \{"order":1003/)
    ok(stdout.includes('9007199254740993'), 'a type beyond 2^53 is exact')
    deepEqual(readdirSync(elsewhere), [])
  })

  test('goes on with the kernel’s queues in an IPC namespace of its own', { skip: KERNEL_SKIPPED }, async () => {
    await using kernel = await PrivateNamespace.open()
    equal(kernel.msgq(['create', '--key', '0x4f524452']).stdout, '0\n', 'the tour’s own key is in use here')
    const before = kernel.run('ipcs', ['-q']).stdout
    const { status, stdout, stderr } = kernel.run(process.execPath, [MSGQ, 'tour'])
    equal(stderr, '')
    equal(status, 0)
    match(stdout, /msgsnd\(2\) sent 17 messages, MSG_COPY copied 17/)
    match(stdout, /What ipcs -q prints after that: the same lines\./)
    match(stdout, /restored from the files: ids 0, 1 and 2 again/)
    match(stdout, /itself; no other difference\./)
    equal(kernel.run('ipcs', ['-q']).stdout, before)
  })

  test('uses one queue of its own, and removes it, where no namespace is to be had', {
    skip: KERNEL_SKIPPED,
  }, async () => {
    await using kernel = await PrivateNamespace.open()
    const { status, stdout } = kernel.run('env', ['PATH=/nowhere', process.execPath, MSGQ, 'tour'])
    equal(status, 0)
    match(stdout, /One queue among those of this machine, for no IPC namespace/)
    match(stdout, /msgsnd\(2\) sent 17 messages, MSG_COPY copied 17; 17 are still there\./)
    equal(kernel.msgq(['ls', '--json']).stdout, '[]\n')
  })

  test('says why there are no kernel’s queues, and ends well, where koffi is not installed', () => {
    const installed = emptyFolder('installed')
    for (const part of ['package.json', 'examples', join('dist', 'package')]) {
      cpSync(join(ROOT, part), join(installed, part), { recursive: true })
    }
    const main = join(installed, 'dist', 'package', 'main.js')
    const { status, stdout, stderr } = runProgram(process.execPath, [main, 'tour'])
    equal(stderr, '')
    equal(status, 0)
    match(stdout, /field by field: no difference\./)
    match(stdout, /^6\. The kernel's queues \(linux:\) are not to be had here\n {3}\S/m)

    const { status: refused, stderr: told } = runProgram(process.execPath, [main, '-n', 'linux:', 'ls'])
    equal(refused, 3)
    match(told, /^msgq: ERR_MSGQ_UNAVAILABLE: /)
  })
})
