import { ALL_CAPABILITIES } from '../../abi/index.ts'
import { type CallerOptions, type Capabilities, callerFrom, type IpcNamespace, limits } from '../../contract/index.ts'
import { areValidLimits, type Caller, DEFAULT_LIMITS, Engine, type NamespaceOptions } from '../../engine/index.ts'
import { Host, HostNamespace } from '../../host/index.ts'

export interface EmbeddedOptions extends NamespaceOptions {
  /** Who calls. Default: this process, with every capability, since the namespace is its own. */
  readonly caller?: CallerOptions
}

/**
 * Makes a namespace of this process's own: its queues live in the engine here, and end with it.
 *
 * @throws {RangeError} a limit is out of the kernel's range.
 * @returns A namespace without queues. It answers synchronously too (`sync`).
 */
export function openEmbeddedNamespace({ caller, ...options }: EmbeddedOptions = {}): IpcNamespace {
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
  const engine = new Engine({ ownerUid: own.uid, ...options })
  const host = new Host(engine, Date.now)
  return new HostNamespace({ host, url: 'memory:', capabilities }, caller === undefined ? own : callerFrom(caller, own))
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
