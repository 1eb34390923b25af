import { equal } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CLONE_NEWIPC, linuxCalls } from '../../src/linux/index.ts'
import { Child, endChildren, isGuarded, sleeper, stateOf, until, untilAsleep } from './children.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
afterEach(endChildren)

const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)

/** A process that has stopped another, and keeps it so until it is killed. */
function freezing(pid: number): Promise<Child> {
  const script = `
    import { openKernelNamespace } from ${url('../../src/backends/kernel/index.js')}
    import { Freezer } from ${url('../../src/freezer/index.js')}
    const freezer = await Freezer.open(openKernelNamespace())
    await freezer.whileFrozen([${pid}], () => {
      console.log('frozen')
      return new Promise(() => undefined)
    })`
  return Child.start(process.execPath, '--input-type=module', '-e', script)
}

describe('the guard', () => {
  test('the guard lets go on whom a process has stopped that is killed, and ends', async () => {
    const { pid } = await sleeper()
    const freezer = await freezing(pid)
    equal(stateOf(pid), 'T')
    await freezer.end()
    await untilAsleep(pid)
    await until(() => !isGuarded(process.pid))
  })

  test('the guard of a process that is stopped, and so silent, lets all go on', async () => {
    const { pid } = await sleeper()
    const program = fileURLToPath(new URL('../../src/freezer/guard-main.js', import.meta.url))
    const guard = spawn(process.execPath, [program, `test-${process.pid}`, '500'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(guard.stdout, 'data')
    // After a process's name, which has no space here: its start is the page's field 22. Source: proc(5), /proc/pid/stat.
    const startTime = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21])
    const processes = [{ pid, startTime, name: 'perl' }]
    guard.stdin.write(`${JSON.stringify({ word: 'keep processes', processes })}\n`)
    equal(String(await once(guard.stdout, 'data')), 'done\n')
    process.kill(pid, 'SIGSTOP')
    await until(() => stateOf(pid) === 'T')
    const [exitCode] = await once(guard, 'exit')
    equal(exitCode, 1)
    await untilAsleep(pid)
  })
})
