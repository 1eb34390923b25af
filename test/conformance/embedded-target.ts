import { strict as assert } from 'node:assert'
import { setImmediate } from 'node:timers/promises'
import { ALL_CAPABILITIES } from '../../src/abi/index.ts'
import { type EmbeddedOptions, openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import type { OpenedTarget, Process, ProcessOptions, Target } from '../../src/conformance/index.ts'
import type { CallerOptions, Capabilities, IpcNamespace } from '../../src/contract/index.ts'
import { decodeImage, encodeImage } from '../../src/image/index.ts'

/** Far from any process id that Linux gives, so that a mix-up shows. */
const FIRST_PID = 5_000_000

/** The user that every machine has, whoever runs the tests. */
const ROOT = { uid: 0, gid: 0, groups: [], pid: FIRST_PID, tid: FIRST_PID, capabilities: ALL_CAPABILITIES }

/** Embedded namespaces as they are. */
export const memoryTarget: Target = {
  name: 'memory:',
  capabilities,
  open: async (options) => new OpenedEmbedded(options, async (namespace) => namespace),
}

/** How often a namespace was moved into another one, by way of an image's bytes. */
export const midways = { count: 0 }

/** Embedded namespaces that are restored, mid-way, into fresh ones from an image of themselves. */
export const restoredTarget: Target = {
  name: 'memory: restored',
  capabilities,
  open: async (options) => new OpenedEmbedded(options, (namespace) => restoredFromImage(namespace, options)),
}

function capabilities(options: EmbeddedOptions): Capabilities {
  return openEmbeddedNamespace(options).capabilities
}

async function restoredFromImage(namespace: IpcNamespace, options: EmbeddedOptions): Promise<IpcNamespace> {
  const files = await encodeImage(await namespace.checkpoint())
  const { checkpoint, missing } = await decodeImage(files)
  assert.deepEqual(missing, [])
  const restored = open(options)
  const { notRestored } = await restored.restore(checkpoint)
  assert.deepEqual(notRestored, [])
  await namespace.close()
  midways.count++
  return restored
}

function open(options: EmbeddedOptions): IpcNamespace {
  return openEmbeddedNamespace({ ...options, ownerUid: ROOT.uid, caller: ROOT })
}

class OpenedEmbedded implements OpenedTarget {
  readonly self: EmbeddedProcess
  readonly #processes: EmbeddedProcess[] = []
  readonly #move: (namespace: IpcNamespace) => Promise<IpcNamespace>
  #namespace: IpcNamespace

  constructor(options: EmbeddedOptions, move: (namespace: IpcNamespace) => Promise<IpcNamespace>) {
    this.#namespace = open(options)
    this.#move = move
    this.self = new EmbeddedProcess(this.#namespace, ROOT)
  }

  async process(options: ProcessOptions = ROOT): Promise<Process> {
    const pid = FIRST_PID + 10 * (this.#processes.length + 1)
    // A thread that is not its process's first has another id.
    const caller = { capabilities: [], ...options, pid, tid: pid + 1 }
    const process = new EmbeddedProcess(this.#namespace.as(caller), caller)
    this.#processes.push(process)
    return process
  }

  async midway(): Promise<void> {
    this.#namespace = await this.#move(this.#namespace)
    this.self.moveTo(this.#namespace)
    for (const process of this.#processes) process.moveTo(this.#namespace.as(process.caller))
  }

  async untilWaiting({ pid }: Process, msqid: number): Promise<number> {
    for (;;) {
      const calls = await this.#namespace.waiting()
      const waiting = calls.find((call) => call.caller.pid === pid && call.msqid === msqid)
      if (waiting !== undefined) return waiting.caller.tid
      await setImmediate()
    }
  }

  async close(): Promise<void> {
    for (const process of this.#processes) await process.end()
    await this.#namespace.close()
  }
}

type EmbeddedCaller = CallerOptions & Required<Pick<CallerOptions, 'gid' | 'pid' | 'capabilities'>>

/** A process that lives in this one: its namespace is the current one, so that cases may keep it over a move. */
class EmbeddedProcess implements Process {
  readonly namespace: IpcNamespace
  readonly caller: EmbeddedCaller
  readonly pid: number
  readonly uid: number
  readonly gid: number
  readonly capabilities: EmbeddedCaller['capabilities']
  #current: IpcNamespace

  constructor(namespace: IpcNamespace, caller: EmbeddedCaller) {
    this.#current = namespace
    this.caller = caller
    this.pid = caller.pid
    this.uid = caller.uid
    this.gid = caller.gid
    this.capabilities = caller.capabilities
    this.namespace = new Proxy(namespace, { get: (_, name) => this.#member(name) })
  }

  moveTo(namespace: IpcNamespace): void {
    this.#current = namespace
  }

  async end(): Promise<void> {
    await this.#current.close()
  }

  #member(name: string | symbol): unknown {
    const member: unknown = Reflect.get(this.#current, name)
    return typeof member === 'function' ? member.bind(this.#current) : member
  }
}
