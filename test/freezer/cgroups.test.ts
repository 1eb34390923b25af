import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, describe, test } from 'node:test'
import { IPC_RMID } from '../../src/abi/index.ts'
import { openKernelNamespace } from '../../src/backends/kernel/index.ts'
import { Freezer } from '../../src/freezer/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../src/linux/index.ts'
import { endChildren, guardOf, receiver, sleeper, stateOf, until, untilAsleep, untilReceiving } from './children.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const namespace = openKernelNamespace()
after(() => namespace.close())
afterEach(endChildren)

/** The folder of this process's cgroup of version 2; `undefined` where none can be made in it. */
function ownCgroup(): string | undefined {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const [, , , , mount] = mounts.find((line) => / - cgroup2 /.test(line))?.split(' ') ?? []
  if (mount === undefined) return undefined
  const [, path = ''] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? []
  const folder = join(mount, path)
  const child = join(folder, `msgq-try-${process.pid}`)
  try {
    mkdirSync(child)
    rmdirSync(child)
    return folder
  } catch {
    return undefined
  }
}

describe('the cgroup freezer', () => {
  const own = ownCgroup()
  const skip = own === undefined ? 'no cgroup of version 2 can be made here' : false

  /** Puts processes into a cgroup inside a new one. */
  async function withCgroup(pids: readonly number[], use: (folder: string) => Promise<void>): Promise<void> {
    const outer = join(own ?? '', `msgq-test-${process.pid}`)
    const folder = join(outer, 'inner')
    mkdirSync(outer)
    mkdirSync(folder)
    try {
      for (const pid of pids) writeFileSync(join(folder, 'cgroup.procs'), String(pid))
      await use(folder)
    } finally {
      await endChildren()
      rmdirSync(folder)
      rmdirSync(outer)
    }
  }
  const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8')
  const isFrozen = (folder: string) => /^frozen 1$/m.test(read(folder, 'cgroup.events'))

  test('the cgroup freezer stops a cgroup whose processes are all to be stopped, and no signal', { skip }, async () => {
    const pids = [(await sleeper()).pid, (await sleeper()).pid]
    await withCgroup(pids, async (folder) => {
      await using freezer = await Freezer.open(namespace)
      const work = async () => [isFrozen(folder), ...pids.map(stateOf)]
      const { result, processes, cgroups } = await freezer.whileFrozen('namespace', work)
      deepEqual([result, processes.length, cgroups], [[true, 'S', 'S'], 2, [folder]])
      await until(() => !isFrozen(folder))
    })
  })

  test('the cgroup freezer is not used for a cgroup that holds others too', { skip }, async () => {
    const [one, two] = [(await sleeper()).pid, (await sleeper()).pid]
    await withCgroup([one, two], async (folder) => {
      await using freezer = await Freezer.open(namespace)
      const work = async () => [isFrozen(folder), stateOf(one), stateOf(two)]
      const { result, cgroups } = await freezer.whileFrozen([one], work)
      deepEqual([result, cgroups], [[false, 'T', 'S'], []])
    })
  })

  test('the cgroup freezer leaves a cgroup frozen that was frozen before', { skip }, async () => {
    const [inside, outside] = [(await sleeper()).pid, (await sleeper()).pid]
    await withCgroup([inside], async (folder) => {
      writeFileSync(join(folder, 'cgroup.freeze'), '1')
      await until(() => isFrozen(folder))
      await using freezer = await Freezer.open(namespace)
      const { processes, cgroups } = await freezer.whileFrozen('namespace', async () => undefined)
      deepEqual([processes.map(({ pid }) => pid), cgroups, isFrozen(folder)], [[outside], [], true])
      writeFileSync(join(folder, 'cgroup.freeze'), '0')
    })
  })

  test('the cgroup freezer lets go on when its guard is killed', { skip }, async () => {
    const { pid } = await sleeper()
    await withCgroup([pid], async (folder) => {
      const freezer = await Freezer.open(namespace)
      const work = async () => {
        process.kill(guardOf(process.pid) ?? 0, 'SIGKILL')
        await until(() => !isFrozen(folder))
      }
      await rejects(freezer.whileFrozen([pid], work), { code: 'ERR_MSGQ_UNAVAILABLE' })
      await freezer.close()
    })
  })

  test('the cgroup freezer sends a waiter to the tail too, as the kernel has it', { skip }, async () => {
    const msqid = await namespace.msgget(0, 0o600)
    const first = await receiver(msqid)
    await untilReceiving(first.pid)
    const second = await receiver(msqid)
    await untilReceiving(second.pid)
    await withCgroup([first.pid], async (folder) => {
      await using freezer = await Freezer.open(namespace)
      deepEqual((await freezer.whileFrozen([first.pid], async () => undefined)).cgroups, [folder])
      await until(() => !isFrozen(folder))
      await untilAsleep(first.pid)
      await untilReceiving(first.pid)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: Buffer.from('next') }, 0)
      equal(await second.line(), 'next')
    })
    await namespace.msgctl(msqid, IPC_RMID)
  })
})
