import { equal, match } from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runProgram } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')

/** What an example prints; it must end well and say nothing on standard error. */
function printed(name: string): string {
  const { status, stdout, stderr } = runProgram(process.execPath, [join(EXAMPLES, `${name}.js`)])
  equal(stderr, '')
  equal(status, 0)
  return stdout.trimEnd()
}

describe('examples/', () => {
  test('readme.ts copies, checkpoints, restores elsewhere and receives there', () => {
    equal(printed('readme'), 'copied 7\nreceived 7')
  })

  test('worker.ts does a failed job again, and loses none', () => {
    const lines = printed('worker').split('\n')
    equal(lines[1], 'failed: resize dog.jpg: the disk is full')
    equal(lines.filter((line) => line.startsWith('finished:')).length, 3)
    equal(lines.at(-1), 'done, nothing was lost')
  })

  test('cursor.ts neither skips nor repeats a message while another receives', () => {
    const lines = printed('cursor').split('\n')
    const of = (reader: string) =>
      lines.filter((line) => line.startsWith(`${reader}:`)).map((line) => line.split(/ +/)[1])
    equal(of('all').join(), '4,19,5,21')
    equal(of('warm').join(), '19,21')
    equal(lines.at(-1), 'later: 23 of 4 still queued')
  })

  test('kernel.ts tells of every queue of the kernel and takes nothing', { skip: KERNEL_SKIPPED }, async () => {
    await using kernel = await PrivateNamespace.open()
    equal(kernel.msgq(['create']).stdout, '0\n')
    equal(kernel.msgq(['send', '0', 'hello', '--type', '7']).status, 0)
    const run = () => kernel.run(process.execPath, [join(EXAMPLES, 'kernel.js')])
    const { status, stdout, stderr } = run()
    equal(stderr, '')
    equal(status, 0)
    match(stdout, /^1 queues, 1 messages, 5 bytes\nqueue 0: 1 messages, oldest is of type 7, 5 bytes\n$/)
    equal(run().stdout, stdout)
  })
})
