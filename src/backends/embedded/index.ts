import { ALL_CAPABILITIES } from '../../abi/index.ts'
import { type CallerOptions, type Capabilities, callerFrom, type IpcNamespace, limits } from '../../contract/index.ts'
import {
  type Agree,
  type Applied,
  areValidLimits,
  type Caller,
  DEFAULT_BOUNDS,
  DEFAULT_LIMITS,
  Engine,
  type Entry,
  type NamespaceOptions,
} from '../../engine/index.ts'
import { Host, HostNamespace } from '../../host/index.ts'

export interface EmbeddedOptions extends NamespaceOptions {
  /** Who calls. Default: this process, with every capability, since the namespace is its own. */
  readonly caller?: CallerOptions
  /** Is told each entry and what it did, before any promise settles: for whoever shows how the engine works. */
  readonly onApplied?: OnApplied
}

export type OnApplied = (entry: Entry, applied: Applied) => void

/**
 * Makes a namespace of this process's own: its queues live in the engine here, and end with it.
 *
 * @throws {RangeError} a limit is out of the kernel's range.
 * @returns A namespace without queues. It answers synchronously too (`sync`).
 */
export function openEmbeddedNamespace({ caller, onApplied, ...options }: EmbeddedOptions = {}): IpcNamespace {
  if (options.limits !== undefined && !areValidLimits({ ...DEFAULT_LIMITS, ...limits(options.limits) })) {
    throw new RangeError('limits must be in the ranges of the kernel: msgmax and msgmnb to 2147483647, msgmni to 32768')
  }
  const own = thisProcess()
  const msgCopy = options.msgCopy ?? 'index'
  const capabilities: Capabilities = {
    copy: options.checkpointRestore === false ? 'none' : msgCopy,
    cursors: options.checkpointRestore !== false,
    held: true,
    waiting: true,
    senders: true,
    sync: 'refuses',
    as: true,
    history: false,
    restores: 'everything',
  }
  const engineOptions = { ownerUid: own.uid, ...options, bounds: { ...DEFAULT_BOUNDS, ...options.bounds } }
  const engine = onApplied === undefined ? new Engine(engineOptions) : new ToldEngine(engineOptions, onApplied)
  const host = new Host(engine, Date.now)
  return new HostNamespace({ host, url: 'memory:', capabilities }, caller === undefined ? own : callerFrom(caller, own))
}

class ToldEngine extends Engine {
  readonly #onApplied: OnApplied

  constructor(options: NamespaceOptions, onApplied: OnApplied) {
    super(options)
    this.#onApplied = onApplied
  }

  override apply(entry: Entry, agree?: Agree): Applied {
    const applied = super.apply(entry, agree)
    this.#onApplied(entry, applied)
    return applied
  }
}

/** This process as a caller; in a browser there is no process, and one user. */
function thisProcess(): Caller {
  const current = globalThis.process as NodeJS.Process | undefined
  const pid = current?.pid ?? 1
  return {
    pid,
    tid: pid,
    uid: current?.geteuid?.() ?? 0,
    gid: current?.getegid?.() ?? 0,
    groups: current?.getgroups?.() ?? [],
    capabilities: ALL_CAPABILITIES,
  }
}
