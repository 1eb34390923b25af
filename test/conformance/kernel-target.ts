import { strict as assert } from 'node:assert'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { ALL_CAPABILITIES, CAPABILITY_BIT, type Capability } from '../../src/abi/index.ts'
import { openKernelNamespace } from '../../src/backends/kernel/index.ts'
import type { OpenedTarget, Process, ProcessOptions, Target } from '../../src/conformance/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { CLONE_NEWIPC, linuxCalls, syscallNumbers } from '../../src/linux/index.ts'
import { KernelProcess } from './kernel-process.ts'

/** Between two looks at what a thread of another process does. */
const LOOK_AGAIN_MS = 1

/** The real kernel: each case in a fresh IPC namespace. @throws {BackendError} there is none. */
export function kernelTarget(): Target {
  const { capabilities } = openKernelNamespace()
  return {
    name: 'linux:',
    // The kernel is as it was built.
    capabilities: (options) => (Object.keys(options).length === 0 ? capabilities : undefined),
    open: async () => {
      assert.equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'a fresh IPC namespace needs CAP_SYS_ADMIN: run as root')
      return new OpenedKernel(openKernelNamespace())
    },
  }
}

class OpenedKernel implements OpenedTarget {
  readonly self: Process
  readonly #processes: KernelProcess[] = []

  constructor(namespace: IpcNamespace) {
    const { pid } = process
    const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0]
    this.self = {
      namespace,
      pid,
      uid,
      gid,
      capabilities: ownCapabilities(),
      end: () => assert.fail('it runs the tests'),
    }
  }

  async process(options?: ProcessOptions): Promise<Process> {
    const { uid, gid, capabilities } = this.self
    const started = await KernelProcess.start({ uid, gid, groups: [], capabilities }, options)
    this.#processes.push(started)
    return started
  }

  async midway(): Promise<void> {
    // The kernel's namespace stays where it is.
  }

  async untilWaiting({ pid }: Process, msqid: number): Promise<number> {
    for (;;) {
      const tid = waitingThread(pid, msqid)
      if (tid !== undefined) return tid
      await setTimeout(LOOK_AGAIN_MS)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.end()))
    await this.self.namespace.close()
  }
}

/** The thread of a process that sleeps inside msgsnd or msgrcv on a queue. @see proc_pid_syscall(5) */
function waitingThread(pid: number, msqid: number): number | undefined {
  const { msgsnd, msgrcv } = syscallNumbers()
  for (const tid of listIfThere(`/proc/${pid}/task`)) {
    const [number, first] = readIfThere(`/proc/${pid}/task/${tid}/syscall`).split(' ')
    const waits = Number(number) === msgsnd || Number(number) === msgrcv
    if (waits && Number(first) === msqid) return Number(tid)
  }
  return undefined
}

function listIfThere(folder: string): string[] {
  return ifThere(() => readdirSync(folder)) ?? []
}

function readIfThere(file: string): string {
  return ifThere(() => readFileSync(file, 'utf8')) ?? ''
}

/** A thread may end while it is looked at. */
function ifThere<Value>(look: () => Value): Value | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined
    throw error
  }
}

/** What this process may do, of what these calls ask for. Source: CapEff of /proc/PID/status. */
function ownCapabilities(): Capability[] {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const bits = BigInt(`0x${effective}`)
  return ALL_CAPABILITIES.filter((capability) => (bits >> BigInt(CAPABILITY_BIT[capability])) & 1n)
}
