import { setImmediate } from 'node:timers/promises'
import { ALL_CAPABILITIES } from '../../abi/index.ts'
import { type EmbeddedOptions, openEmbeddedNamespace } from '../../backends/embedded/index.ts'
import type { OpenedTarget, Process, ProcessOptions, Target } from '../../conformance/index.ts'
import type { CallerOptions, IpcNamespace } from '../../contract/index.ts'

/** Far from any process id that Linux gives, so that a mix-up shows. */
const FIRST_PID = 5_000_000

/** The user that every machine has, whoever runs the cases. */
const ROOT = { uid: 0, gid: 0, groups: [], pid: FIRST_PID, tid: FIRST_PID, capabilities: ALL_CAPABILITIES }

/** A namespace of this process's own, whose owner and caller is the cases' root. */
export function openRootNamespace(options: EmbeddedOptions): IpcNamespace {
  return openEmbeddedNamespace({ ...options, ownerUid: ROOT.uid, caller: ROOT })
}

/** Embedded namespaces, each opened by `open` for one case. */
export function embeddedTarget(name: string, open: (options: EmbeddedOptions) => OpenedTarget): Target {
  return {
    name,
    capabilities: (options) => openEmbeddedNamespace(options).capabilities,
    open: async (options) => open(options),
  }
}

/** Embedded namespaces as they are. */
export const memoryTarget: Target = embeddedTarget(
  'memory:',
  (options) => new OpenedEmbedded(openRootNamespace(options)),
)

/** How a namespace differs from one as it is. */
interface Ways {
  /** Gives the namespace to go on with in the middle of a case; the one that it was given is its own to close. */
  readonly move?: (namespace: IpcNamespace) => Promise<IpcNamespace>
  /** The namespace as processes see it. */
  readonly seen?: (namespace: IpcNamespace) => IpcNamespace
}

/** One embedded namespace, and processes that live in this one. */
export class OpenedEmbedded implements OpenedTarget {
  readonly self: EmbeddedProcess
  readonly #processes: EmbeddedProcess[] = []
  readonly #move: NonNullable<Ways['move']>
  readonly #seen: NonNullable<Ways['seen']>
  #namespace: IpcNamespace

  constructor(namespace: IpcNamespace, { move = async (same) => same, seen = (same) => same }: Ways = {}) {
    this.#namespace = namespace
    this.#move = move
    this.#seen = seen
    this.self = new EmbeddedProcess(seen(namespace), ROOT)
  }

  async process(options: ProcessOptions = ROOT): Promise<Process> {
    const pid = FIRST_PID + 10 * (this.#processes.length + 1)
    // A thread that is not its process's first has another id.
    const caller = { capabilities: [], ...options, pid, tid: pid + 1 }
    const process = new EmbeddedProcess(this.#seen(this.#namespace.as(caller)), caller)
    this.#processes.push(process)
    return process
  }

  async midway(): Promise<void> {
    this.#namespace = await this.#move(this.#namespace)
    this.self.moveTo(this.#seen(this.#namespace))
    for (const process of this.#processes) process.moveTo(this.#seen(this.#namespace.as(process.caller)))
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
