import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Capability, ErrnoName } from '../../abi/index.ts'
import { LeftOut, type Process, type ProcessOptions } from '../../conformance/index.ts'
import {
  BackendError,
  type BackendErrorCode,
  type Capabilities,
  type IpcNamespace,
  SyscallError,
} from '../../contract/index.ts'

/** The methods that another process is asked for. */
const METHODS = [
  'msgget',
  'msgsnd',
  'msgrcv',
  'msgctl',
  'copyAfter',
  'setCopyCounter',
  'limits',
  'setLimits',
  'nextId',
  'setNextId',
  'checkpoint',
  'restore',
  'waiting',
  'close',
] as const

export interface RemoteCall {
  readonly number: number
  readonly method: (typeof METHODS)[number]
  readonly args: readonly unknown[]
}

export type RemoteError =
  | { readonly kind: 'SyscallError'; code: ErrnoName; syscall: string; msqid?: number; key?: number }
  | { readonly kind: 'BackendError'; code: BackendErrorCode; message: string }
  | { readonly kind: 'TypeError' | 'RangeError' | 'Error'; message: string }

export type RemoteAnswer =
  | { readonly ready: true; readonly capabilities: Capabilities }
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly error: RemoteError }

/** A namespace as a case sees it. */
type Seen = (namespace: IpcNamespace) => IpcNamespace

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** A real process, with a user, groups and capabilities of its own, that uses the kernel's queues for a case. */
export class KernelProcess implements Process {
  readonly namespace: IpcNamespace
  readonly pid: number
  readonly uid: number
  readonly gid: number
  readonly capabilities: readonly Capability[]
  readonly #child: ChildProcess
  /** Resolves, with how it ended, when nothing more comes from it. */
  readonly #ended: Promise<string>
  readonly #pending = new Map<number, Pending>()
  #lastNumber = 0

  private constructor(child: ChildProcess, { uid, gid, capabilities = [] }: ProcessOptions, seen: Seen) {
    this.#child = child
    this.#ended = endOf(child)
    this.pid = child.pid ?? -1
    this.uid = uid
    this.gid = gid
    this.capabilities = capabilities
    // A case uses of another process's namespace only what can be asked over a channel.
    const methods = METHODS.map((method) => [method, (...args: readonly unknown[]) => this.#ask(method, args)])
    this.namespace = seen(Object.fromEntries(methods) as IpcNamespace)
  }

  /**
   * Starts a process.
   *
   * @param own Who this process is.
   * @param options Who the other one is to be; without them it is as this process.
   * @param place `pid`: a process whose IPC namespace it is to enter; otherwise it is born in that of the calling thread.
   *   `seen`: the namespace as the case is to see it.
   * @throws {LeftOut} it cannot be started so.
   */
  static async start(
    own: Required<ProcessOptions>,
    options: ProcessOptions | undefined,
    { pid, seen }: { readonly pid?: number | undefined; readonly seen: Seen },
  ): Promise<KernelProcess> {
    const [program = '', ...words] = [
      ...(pid === undefined ? [] : ['nsenter', '--target', String(pid), '--ipc', '--']),
      ...(options === undefined ? [] : setpriv(options)),
      ...[process.execPath, '--enable-source-maps', fileURLToPath(import.meta.resolve('./kernel-process-main.js'))],
    ]
    const child = spawn(program, words, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], serialization: 'advanced' })
    const started = new KernelProcess(child, options ?? own, seen)
    await started.#ready()
    return started
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async #ready(): Promise<void> {
    const endedFirst = this.#ended.then((how) => {
      throw new LeftOut(`another process of the case ${how} before it was ready`)
    })
    await Promise.race([once(this.#child, 'message'), endedFirst])
    endedFirst.catch(() => this.#rejectAll())
    this.#child.on('message', (answer) => this.#settle(answer as RemoteAnswer))
  }

  #ask(method: RemoteCall['method'], args: readonly unknown[]): Promise<unknown> {
    const number = ++this.#lastNumber
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject })
      this.#child.send({ number, method, args } satisfies RemoteCall)
    })
  }

  #settle(answer: RemoteAnswer): void {
    if ('ready' in answer) return
    const pending = this.#pending.get(answer.number)
    this.#pending.delete(answer.number)
    if ('value' in answer) pending?.resolve(answer.value)
    else pending?.reject(revived(answer.error))
  }

  #rejectAll(): void {
    for (const { reject } of this.#pending.values()) reject(new Error('the process has ended'))
    this.#pending.clear()
  }
}

/** How a process ended, and what it had to say. */
async function endOf(child: ChildProcess): Promise<string> {
  const said: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk))
  try {
    const [code, signal] = await once(child, 'close')
    const words = Buffer.concat(said).toString().trim()
    return `ended (${signal ?? `status ${code}`})${words === '' ? '' : `: ${words}`}`
  } catch (error) {
    // There is no such program, or it may not be run.
    return `could not be started: ${error instanceof Error ? error.message : error}`
  }
}

/** The command that gives a program its user, groups and capabilities. @see setpriv(1) */
function setpriv({ uid, gid, groups = [], capabilities = [] }: ProcessOptions): string[] {
  const names = capabilities.map((capability) => `+${capability.slice('CAP_'.length).toLowerCase()}`)
  const only = ['-all', ...names].join(',')
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
    // User 0 gets on exec what the bounding set allows, every other user what is ambient.
    `--bounding-set=${only}`,
    `--inh-caps=${only}`,
    ...(names.length === 0 ? [] : [`--ambient-caps=${only}`]),
  ]
}

function revived(error: RemoteError): Error {
  switch (error.kind) {
    case 'SyscallError':
      return new SyscallError(error.code, error.syscall, error)
    case 'BackendError':
      return new BackendError(error.code, error.message)
    case 'TypeError':
      return new TypeError(error.message)
    case 'RangeError':
      return new RangeError(error.message)
    case 'Error':
      return new Error(error.message)
  }
}
