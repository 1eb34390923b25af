import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type Finished, MSGQ, msgq, runProgram } from './child.ts'

const directory = mkdtempSync(join(tmpdir(), 'msgq-own-'))
const environment = { XDG_RUNTIME_DIR: join(directory, 'run'), XDG_STATE_HOME: join(directory, 'state') }
const state = join(directory, 'state', 'msgq')
const own = (...words: string[]): Finished => msgq(words, { environment })

/** The daemon says in the journal's lock who it is. */
function endDaemon(): void {
  const [, pid] = /^process (\d+)/.exec(readFileSync(join(state, 'lock'), 'utf8')) ?? []
  process.kill(Number(pid), 'SIGKILL')
}

describe('msgq without a namespace', () => {
  after(() => {
    endDaemon()
    rmSync(directory, { recursive: true })
  })

  test('starts this user’s own daemon and says so, and finds it the next time', () => {
    // Without a runtime directory that is there, the socket cannot be made.
    const failed = own('create', '--key', '1')
    equal(failed.status, 3)
    match(failed.stderr, /a daemon cannot be started: there is no directory .*\/run: make it/)
    environment.XDG_RUNTIME_DIR = directory
    const first = own('create', '--key', '1')
    equal(first.status, 0, first.stderr)
    match(
      first.stderr,
      /^started a daemon for unix:.*\/msgq\.sock; it stops when nobody was connected for 60 seconds\n/,
    )
    const second = own('send', '0x1', 'hello')
    deepEqual([second.status, second.stderr], [0, ''])
    equal(statSync(join(directory, 'msgq.sock')).mode & 0o777, 0o600)
    equal(statSync(state).mode & 0o777, 0o700)
  })

  test('starts it again after it was killed, and its queues are there', () => {
    endDaemon()
    const received = own('receive', '0x1', '--raw', '--nowait')
    deepEqual([received.status, received.stdout], [0, 'hello'])
    match(received.stderr, /started a daemon/)
  })

  test('starts one when several commands come at once', () => {
    endDaemon()
    const script = 'for n in 1 2 3 4; do "$@" send 0x1 $n & done; wait'
    const words = [process.execPath, MSGQ]
    equal(runShell(script, words), 0)
    equal(JSON.parse(own('stat', '0x1', '--json').stdout).qnum, 4)
  })

  test('takes --namespace, and MSGQ_NAMESPACE, before it', () => {
    equal(msgq(['ls'], { environment: { ...environment, MSGQ_NAMESPACE: 'memory:' } }).stderr, '')
    equal(own('--namespace', 'memory:', 'stat', '0x1').status, 1)
  })
})

function runShell(script: string, words: readonly string[]): number | null {
  return runProgram('sh', ['-c', script, 'sh', ...words], { environment }).status
}
