import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { BackendError } from '../contract/index.ts'
import {
  linuxCalls,
  PR_SET_NO_NEW_PRIVS,
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
  SECCOMP_SET_MODE_FILTER,
  supervisionCalls,
} from '../linux/index.ts'
import { errnoWords, mayGainPrivileges, obstacleHere, obstacleOf } from './feasibility.ts'
import { encodeFilter } from './filter.ts'
import { machinesHere } from './machines.ts'
import { inheritedDescriptors, restoreForProgram } from './own-process.ts'
import { HANDSHAKE } from './supervisor.ts'
import type { FromSupervisor, SupervisorOrder, ToSupervisor } from './supervisor-order.ts'

export interface RunOptions {
  /** The namespace that answers the program's calls. */
  readonly url: string
  /** A directory with an image, whose queues are restored first. */
  readonly restore?: string
  /** Whether /proc shows the namespace. It makes every open(2) slower. Default: true. */
  readonly procFiles?: boolean
  /** Aborted before the program has begun: it does not begin. */
  readonly signal?: AbortSignal
}

/** The program cannot be run. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
  /** The shells' exit status for it: 127, not found; 126, not to be executed. */
  readonly exitCode: 126 | 127
  readonly hint: string

  constructor(exitCode: 126 | 127, message: string, hint: string) {
    super(message)
    this.exitCode = exitCode
    this.hint = hint
  }
}

const EBUSY = 16
const MAIN = fileURLToPath(new URL('./supervisor-main.js', import.meta.url))
/** Started by a shell that ends at once, and so nobody's child: a program that waits for its children has its own alone. */
const APART = '"$@" &'
/**
 * Without it glibc has the kernel note for each thread on which processor it runs, at each switch to it, of which a call
 * has two. Nothing in the supervisor asks. See rseq(2), glibc's manual on tunables.
 */
const TUNABLE = 'glibc.pthread.rseq=0'

/**
 * Makes this process a program whose System V message queues are a namespace's: same process, descriptors, terminal.
 * Another process answers its calls, and those of all that it starts.
 *
 * @param argv The program, looked for in PATH as a shell does, and its arguments.
 * @returns Never.
 * @throws {ProgramError} it cannot be run, or not so. @throws {BackendError} the namespace, or what runs programs here.
 */
export async function runProgram(argv: readonly string[], options: RunOptions): Promise<never> {
  const inherited = inheritedDescriptors()
  const [name = ''] = argv
  const path = executablePath(name)
  const obstacle = obstacleHere() ?? obstacleOf(path)
  if (obstacle !== undefined) throw new ProgramError(126, obstacle.found, obstacle.advice)
  const { url, restore, procFiles = true, signal } = options
  // Open until this process is another program, or has failed to be one: then the supervisor ends too.
  using channel = startSupervisor({ url, restore, procFiles })
  await channel.expect('ready')
  const fd = setFilter(procFiles)
  await channel.tell({ pid: process.pid, listener: fd })
  await channel.expect('listening')
  // Once ours is closed as well as its own, calls of the program fail instead of waiting for nobody.
  supervisionCalls().close(fd)
  shakeHands()
  signal?.throwIfAborted()
  restoreForProgram(inherited)
  const calls = supervisionCalls()
  calls.execvp(path, [...argv])
  throw new ProgramError(126, `${name} cannot be executed (${errnoWords(calls.errno())})`, 'see execve(2)')
}

/** @returns The listener. */
function setFilter(procFiles: boolean): number {
  const calls = supervisionCalls()
  const filter = encodeFilter(machinesHere(procFiles))
  const instructions = new Uint8Array(new ArrayBuffer(filter.length))
  instructions.set(filter)
  // `struct sock_fprog`: how many instructions, and where.
  const program = new Uint8Array(new ArrayBuffer(16))
  const view = new DataView(program.buffer)
  view.setUint16(0, filter.length / 8, true)
  view.setBigUint64(8, BigInt(calls.addressOf(instructions)), true)
  if (!mayGainPrivileges()) calls.prctl(PR_SET_NO_NEW_PRIVS, 1)
  const flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
  const fd = calls.seccomp(SECCOMP_SET_MODE_FILTER, flags, calls.addressOf(program))
  if (fd >= 0) return fd
  const errno = calls.errno()
  const why = errno === EBUSY ? 'its calls are answered by another supervisor already' : errnoWords(errno)
  throw new ProgramError(126, `no filter can be set on the program: ${why}`, 'start it outside of that sandbox')
}

/** A call of the launcher's own: the supervisor answers it as no kernel does, unless something before it does. */
function shakeHands(): void {
  const linux = linuxCalls()
  const answer = linux.msgctl(-1, HANDSHAKE, null)
  if (answer === HANDSHAKE) return
  const why = `msgctl is answered by a sandbox around msgq (${errnoWords(linux.errno())}), which outranks it`
  throw new ProgramError(126, why, 'start it outside of that sandbox, or have that let msgget and its like pass')
}

/** As execvp(3) finds it. @throws {ProgramError} */
function executablePath(name: string): string {
  const { PATH = '/usr/local/bin:/usr/bin:/bin' } = process.env
  const places = name.includes('/') ? [name] : PATH.split(delimiter).map((folder) => join(folder || '.', name))
  const there = places.filter(isFile)
  const executable = there.find(isExecutable)
  if (executable !== undefined) return executable.includes('/') ? executable : `./${executable}`
  if (there.length === 0 && name.includes('/') && existsSync(name)) {
    throw new ProgramError(126, `${name} is no file that could be executed`, 'is it a directory?')
  }
  if (there.length === 0) throw new ProgramError(127, `there is no program ${name}`, 'is it in PATH?')
  throw new ProgramError(126, `${there[0]} may not be executed`, 'see its mode: chmod +x')
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    // Not there, or in a folder that this user may not look into.
    return false
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // EACCES: there, but not to be executed.
    return false
  }
}

/** Starts the process that answers, apart from the terminal and from us. */
function startSupervisor(order: SupervisorOrder): SupervisorChannel {
  const words = ['-c', APART, 'msgq', process.execPath, MAIN, JSON.stringify(order)]
  const { GLIBC_TUNABLES: given, ...rest } = process.env
  const env = { ...rest, GLIBC_TUNABLES: given === undefined ? TUNABLE : `${given}:${TUNABLE}` }
  const child = spawn('/bin/sh', words, { detached: true, env, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  child.unref()
  return new SupervisorChannel(child.stdio[3] as Socket)
}

/** The lines between launcher and supervisor. */
class SupervisorChannel implements Disposable {
  readonly #socket: Socket
  readonly #lines: AsyncIterator<string>

  constructor(socket: Socket) {
    this.#socket = socket
    this.#lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  }

  tell(message: ToSupervisor): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** @throws {BackendError} it says otherwise, or nothing any more. */
  async expect(state: 'ready' | 'listening'): Promise<void> {
    const { value, done } = await this.#lines.next()
    const said = done ? undefined : (JSON.parse(value) as FromSupervisor)
    if (said === state) return
    if (typeof said === 'object') throw new BackendError(said.code, said.message)
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', 'what answers the program has ended before the program began')
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
