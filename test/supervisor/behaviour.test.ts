import { equal, match } from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { msgq } from '../cli/child.ts'
import { KERNEL_SKIPPED } from '../cli/private-namespace.ts'
import { skippedWithout } from '../programs-needed.ts'
import { sameBothWays } from './both-ways.ts'
import { BUILDS, type Build, Built } from './built.ts'

/** How a program is linked changes none of the slower scenes. */
const ALL = ['calls', 'pointers', 'signals', 'jobs', 'threads', 'family', 'files']
const SCENES: Readonly<Record<Build, readonly string[]>> = {
  dynamic: ALL,
  static: ['calls', 'pointers', 'family'],
  'i386, dynamic': ALL,
  'i386, static': ['calls', 'pointers', 'family'],
}

describe('a program under msgq run sees what it sees on the kernel:', { skip: KERNEL_SKIPPED }, () => {
  const built = new Built()
  after(() => built[Symbol.dispose]())
  for (const build of Object.keys(BUILDS) as Build[]) {
    describe(build, { skip: skippedWithout(...BUILDS[build].packages) }, () => {
      let program = ''
      before(() => {
        program = built.program(build)
      })
      for (const scene of SCENES[build]) {
        test(scene, async () => {
          // That there are lines says that the scene was played at all.
          match(await sameBothWays(program, [scene]), /^(IPC|MSG|from|msg|open|the|waitpid).*: /m)
        })
      }
      if (build.startsWith('i386')) {
        test('the calls by ipc(2), in both of its versions', async () => {
          match(await sameBothWays(program, ['multiplexed']), /type 6, old\n/)
        })
      }
    })
  }

  test('one that dies while its message is written leaves the message at its place, received at once or after a wait', {
    skip: skippedWithout('build-essential'),
  }, () => {
    const { stdout, stderr } = msgq(['run', '--', built.program('dynamic', 'dying')])
    equal(stdout, 'Killed: first held last\nKilled: first held last\n', stderr)
  })

  test('a signal every 100 µs over 20,000 messages loses and doubles none', {
    skip: skippedWithout('build-essential'),
  }, async () => {
    const program = built.program('dynamic')
    match(await sameBothWays(program, ['storm', '20000']), /^lost, doubled or half received: 0\nleft: 0\n$/)
  })
})
