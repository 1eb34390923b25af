import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { before, describe, test } from 'node:test'
import { CLONE_NEWIPC, linuxCalls, wakeSignal } from './index.ts'

const EINTR = 4
const ENOMSG = 42
const IPC_NOWAIT = 0o4000

describe('linuxCalls', () => {
  const linux = linuxCalls()

  before(() => {
    equal(linux.unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
  })

  test('msgsnd and msgrcv carry a type of 2^63-1 and the payload exactly', () => {
    const msqid = linux.msgget(0, 0o600)
    const sent = new Uint8Array(11).fill(7)
    new DataView(sent.buffer).setBigInt64(0, 2n ** 63n - 1n, true)
    equal(linux.msgsnd(msqid, sent, 3, 0), 0)
    const received = new Uint8Array(64)
    equal(linux.msgrcv(msqid, received, 56, 2n ** 63n - 1n, 0), 3)
    deepEqual(received.subarray(0, 11), sent)
    equal(received[11], 0)
  })

  test('errno tells why the last call failed', () => {
    const msqid = linux.msgget(0, 0o600)
    equal(linux.msgrcv(msqid, new Uint8Array(8), 0, -(2n ** 63n), IPC_NOWAIT), -1)
    equal(linux.errno(), ENOMSG)
  })

  test('msgget, msgsnd, msgrcv and msgctl are native: no JavaScript begins or ends before errno is asked', () => {
    const { msgget, msgsnd, msgrcv, msgctl, errno } = linux
    for (const call of [msgget, msgsnd, msgrcv, msgctl, errno]) match(String(call), /\[native code\]/)
  })

  test('gettid of the main thread is the process id', () => equal(linux.gettid(), process.pid))

  test('wakeSignal ends a waiting msgrcv with EINTR and nothing else', () => {
    // A realtime signal that waits for its thread is delivered on the way out of the tgkill that sent it, so the wait
    // is ended by another process, which sends it until this one has gone on.
    const script = `
      import { linuxCalls, wakeSignal, CLONE_NEWIPC } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)}
      import { spawn } from 'node:child_process'
      const linux = linuxCalls()
      linux.unshare(CLONE_NEWIPC)
      const killer = spawn('sh', ['-c', \`while kill -\${wakeSignal()} \${process.pid}; do sleep 0.01; done\`], { stdio: 'ignore' })
      const result = linux.msgrcv(linux.msgget(0, 0o600), new Uint8Array(8), 0, 0, 0)
      const errno = linux.errno()
      killer.kill('SIGKILL')
      process.stdout.write(JSON.stringify([result, errno]))
    `
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 })
    deepEqual(JSON.parse(output.toString()), [-1, EINTR])
    equal(wakeSignal(), wakeSignal())
  })
})
