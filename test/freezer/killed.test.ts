import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { IPC_RMID } from '../../src/abi/index.ts'
import { openKernelNamespace } from '../../src/backends/kernel/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { readImage } from '../../src/image/index.ts'
import { PrivateNamespace } from '../cli/private-namespace.ts'
import { isGuarded, stoppedOf, until } from './children.ts'
import { Judge, lostOrDoubled, type Picture } from './history.ts'
import { pictureMessage, seconds, Workload } from './workload.ts'

const KILLS = 40
/** So that the queue changes all the time, and the four leave the processors to whoever is killed. */
const PAUSE_MS = 1

/** Runs `checkpoint` into one directory, kills it, and looks whether all is as it should be. */
class Killer {
  readonly pictures: Picture[] = []
  /** In how many runs somebody was stopped when the kill came. */
  struck = 0
  readonly #kernel: PrivateNamespace
  readonly #everybody: readonly number[]
  readonly #directory: string
  #savedAt = 0

  constructor(kernel: PrivateNamespace, everybody: readonly number[], directory: string) {
    this.#kernel = kernel
    this.#everybody = everybody
    this.#directory = directory
  }

  get isSomebodyStopped(): boolean {
    return stoppedOf(this.#everybody).length > 0
  }

  /** @param moment Returns when it is time to kill. */
  async run(moment: (hasEnded: () => boolean) => Promise<void>): Promise<void> {
    const before = seconds()
    const child = this.#kernel.start(['checkpoint', this.#directory, '--freeze-namespace'])
    const ended = once(child, 'exit')
    await moment(() => child.exitCode !== null)
    if (this.isSomebodyStopped) this.struck++
    child.kill('SIGKILL')
    await ended
    await until(() => !isGuarded(this.#kernel.pid))
    deepEqual(stoppedOf(this.#everybody), [])
    const { time, queues } = (await readImage(this.#directory)).checkpoint
    if (time === this.#savedAt) return
    this.#savedAt = time
    this.pictures.push({ messages: [...(queues[0]?.messages ?? [])].map(pictureMessage), before, after: seconds() })
  }
}

describe('checkpoint --freeze-namespace that is killed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-killed-'))
  let kernel: PrivateNamespace
  let namespace: IpcNamespace
  before(async () => {
    kernel = await PrivateNamespace.open()
    // This process, which kills, is in another one.
    namespace = openKernelNamespace({ pid: kernel.pid })
  })
  after(async () => {
    await namespace.close()
    await kernel[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  test('checkpoint killed at any moment keeps nobody stopped, loses no message and leaves a whole image', async (t) => {
    const msqid = await namespace.msgget(0, 0o600)
    const enter = ['nsenter', '--target', String(kernel.pid), '--ipc', '--']
    const workload = await Workload.start(namespace, msqid, PAUSE_MS, enter)
    try {
      const killer = new Killer(kernel, [kernel.pid, ...workload.pids], directory)
      const start = performance.now()
      await killer.run(until)
      equal(killer.pictures.length, 1)
      const wholeMs = performance.now() - start
      for (let kills = 0; kills < KILLS; kills += 2) {
        await killer.run(() => new Promise((resolve) => setTimeout(resolve, Math.random() * wholeMs)))
        await killer.run((hasEnded) => until(() => hasEnded() || killer.isSomebodyStopped))
      }
      const { struck, pictures } = killer
      t.diagnostic(`${struck} of ${KILLS} kills found somebody stopped; ${pictures.length} images were saved`)
      notEqual(struck, 0)
      const history = await workload.end()
      deepEqual(lostOrDoubled(history), [])
      const judge = new Judge(history)
      deepEqual(
        pictures.map((picture) => judge.fault(picture)).filter((fault) => fault !== undefined),
        [],
      )
    } finally {
      workload.kill()
      await namespace.msgctl(msqid, IPC_RMID)
    }
  })
})
