import type { Capability } from '../abi/index.ts'
import type { Capabilities, IpcNamespace } from '../contract/index.ts'
import type { NamespaceOptions } from '../engine/index.ts'

/** What a case asks of a backend; what is not there makes the case "not applicable". */
export type Need =
  | 'copy by index'
  | 'copy by counter'
  | 'no copy'
  | 'cursors'
  | 'no cursors'
  | 'held'
  | 'no held'
  | 'waiting'
  | 'no waiting'
  | 'senders'
  | 'sync'
  | 'sync that refuses'
  | 'sync that blocks'
  | 'as'
  | 'no as'
  | 'restores everything'
  | 'restores queues'

/** One behaviour that a backend must show. */
export interface ConformanceCase {
  /** A sentence, the symbol first. */
  readonly name: string
  /** Without any it is a kernel case: it holds on the real kernel and so everywhere. */
  readonly needs?: readonly Need[]
  /** How the namespace is made; default: as the kernel's. */
  readonly options?: NamespaceOptions
  /** Rejects when the backend behaves otherwise. */
  readonly run: (context: Context) => Promise<void>
}

/** What a case works with: a namespace without queues and the processes that use it. */
export interface Context {
  /** The process that runs the suite: it owns the namespace. */
  readonly self: Process
  /** `self.namespace`. */
  readonly namespace: IpcNamespace
  /** Another process; without options, one with the user, group and capabilities of `self`. */
  process(options?: ProcessOptions): Promise<Process>
  /** Moves the namespace where the target does that: everything but waiting calls and holds goes on as before. */
  midway(): Promise<void>
  /** Resolves once a call of the process waits on the queue, with the id of the thread that waits. */
  untilWaiting(process: Process, msqid: number): Promise<number>
}

/** A process that uses the namespace. */
export interface Process {
  readonly namespace: IpcNamespace
  readonly pid: number
  readonly uid: number
  readonly gid: number
  readonly capabilities: readonly Capability[]
  /** Ends it as SIGKILL does, also while it waits. */
  end(): Promise<void>
}

export interface ProcessOptions {
  readonly uid: number
  readonly gid: number
  readonly groups?: readonly number[]
  readonly capabilities?: readonly Capability[]
}

/** A backend under test. */
export interface Target {
  readonly name: string
  /** What a namespace made with these options promises; `undefined` where none can be made so. */
  capabilities(options: NamespaceOptions): Capabilities | undefined
  /**
   * Makes a namespace without queues and with Linux's default limits, for one case; or opens one that others use too,
   * guarded by `OwnQueues`, where some cases cannot pass.
   *
   * @throws {LeftOut} it cannot be opened so.
   */
  open(options: NamespaceOptions): Promise<OpenedTarget>
}

/** A namespace of a target, for one case. */
export interface OpenedTarget extends Omit<Context, 'namespace'> {
  /** Ends its processes and lets go of it. */
  close(): Promise<void>
}
