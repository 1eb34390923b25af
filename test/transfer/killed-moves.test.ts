import { equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { after, describe, type TestContext, test } from 'node:test'
import { openKernelNamespace } from '../../src/backends/kernel/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../src/linux/index.ts'
import { KilledMoves, type Tally } from './killed-moves.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const here = openKernelNamespace()
const spool = mkdtempSync('/dev/shm/msgq-test-')
after(() => rmSync(spool, { recursive: true }))

/** Messages on the source at once. */
const FLOOD = 500
const TRICKLE = 2

/** Kills in the middle of a flood, and while the move waits for most messages: the two ways in which one lands. */
async function killOften(moves: KilledMoves, kills: number, context: TestContext): Promise<Tally> {
  for (let kill = 0; kill < kills; kill++) {
    const most = kill % 3 === 0 ? TRICKLE : FLOOD
    const messages = 1 + Math.floor(Math.random() * most * 3)
    await moves.killedAfter(messages, Math.random() * 400, most)
  }
  const tally = await moves.tally()
  const { sent, found, doubled } = tally
  const doubts = found.filter(({ mayBeDoubled }) => mayBeDoubled).length
  context.diagnostic(`${kills} kills, ${sent} messages: ${found.length} found in the spool, ${doubts} of them in doubt`)
  context.diagnostic(`${doubled.length} were doubled, none was lost`)
  equal(readdirSync(spool).join(), '')
  return tally
}

describe('msgq mv, killed by SIGKILL under load', () => {
  test('loses nothing, and doubles at most what its next start announces, from queue to queue', async (context) => {
    const source = { namespace: here, msqid: await here.msgget(0, 0o600) }
    const target = { namespace: here, msqid: await here.msgget(0, 0o600) }
    const { found } = await killOften(new KilledMoves(source, target, spool), 60, context)
    // About every third kill does: without any, this test has shown nothing.
    ok(found.length > 0, 'no kill found a message between the two queues')
  })

  test('loses nothing on its way to another IPC namespace, and back', async (context) => {
    const other = spawn('unshare', ['--ipc', 'sh', '-c', 'echo ready; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      await once(other.stdout, 'data')
      const there = openKernelNamespace({ pid: other.pid ?? 0 })
      const source = { namespace: here, msqid: await here.msgget(0x5151, 0o1600) }
      const target = { namespace: there, msqid: await there.msgget(0, 0o600) }
      await killOften(new KilledMoves(source, target, spool), 8, context)
      await killOften(new KilledMoves(target, source, spool), 8, context)
      await there.close()
    } finally {
      other.stdin.end()
      await once(other, 'close')
    }
  })
})
