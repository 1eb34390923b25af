import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Numbers of system calls. Source: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. */
const NUMBERS = {
  x64: { msgrcv: 70, clone: 56, ptrace: 101, mmap: 9, userfaultfd: 323, processVmReadv: 310 },
  generic: { msgrcv: 188, clone: 220, ptrace: 117, mmap: 222, userfaultfd: 282, processVmReadv: 270 },
} as const

const { msgrcv, clone, ptrace, mmap, userfaultfd, processVmReadv } = NUMBERS[process.arch === 'x64' ? 'x64' : 'generic']

/** A process to be stopped, and what it says. */
export class Child {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(program: string, words: readonly string[]) {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.pid = child.pid ?? 0
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** Starts a program; returns once it has said that it is there, in a line. */
  static async start(program: string, ...words: readonly string[]): Promise<Child> {
    const child = new Child(program, words)
    started.push(child)
    await child.line()
    return child
  }

  /** The next line that it says. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`process ${this.pid} has ended`)
    return value
  }

  /** Ends it, stopped or not. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

const started: Child[] = []

/** Ends all that were started. */
export async function endChildren(): Promise<void> {
  for (const child of started.splice(0)) await child.end()
}

/** A program in a language that is not ours: it writes lines at once, and sleeps when it has done its work. */
export function perl(script: string, ...words: readonly (string | number)[]): Promise<Child> {
  return Child.start('perl', '-le', `$| = 1; ${script}; sleep while 1`, ...words.map(String))
}

/** Has a process run only when a busy one, of another IPC namespace and on the same processor, leaves it a moment. */
export async function lastOnItsProcessor(pid: number): Promise<void> {
  await Child.start('unshare', '--ipc', 'taskset', '--cpu-list', '0', 'perl', '-le', '$| = 1; print "busy"; 1 while 1')
  for (const [program, ...words] of [
    ['taskset', '--cpu-list', '--pid', '0', String(pid)],
    ['chrt', '--idle', '--pid', '0', String(pid)],
  ] as const) {
    const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program}: ${stderr}`)
  }
}

/** Does nothing, and goes on doing it. */
export const sleeper = (): Promise<Child> => perl('print "ready"')

/** Waits for one message, says what it was, and sleeps. */
export const receiver = (msqid: number): Promise<Child> =>
  perl('print "ready"; msgrcv($ARGV[0], $m, 100, 0, 0) or die $!; print unpack("x8 a*", $m)', msqid)

/** `R` runs, `S` sleeps, `D` waits for a device, `T` is stopped; `undefined` when there is no such process. */
export function stateOf(pid: number): string | undefined {
  return /^State:\s+(\S)/m.exec(text(`/proc/${pid}/status`))?.[1]
}

/** Waits for a state. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Waits until a process goes on and has nothing to do. */
export const untilAsleep = (pid: number): Promise<void> => until(() => stateOf(pid) === 'S')

/** Waits until a process waits in msgrcv, in any of its threads. */
export async function untilReceiving(pid: number): Promise<void> {
  const isReceiving = (tid: string) => text(`/proc/${pid}/task/${tid}/syscall`).startsWith(`${msgrcv} `)
  await until(() => readdirSync(`/proc/${pid}/task`).some(isReceiving))
}

/** Has made a child that runs no program yet, and so waits for it as in vfork(2): CLONE_VFORK | SIGCHLD. */
export const vforking = (): Promise<Child> =>
  perl(`$p = syscall(${clone}, 0x4011, 0, 0, 0, 0); if (!$p) { print $$ } else { print "goes on" }`)

/** Traces its child, as a debugger does. */
export const tracing = (): Promise<Child> => perl(`$p = fork; if (!$p) { syscall(${ptrace}, 0, 0, 0, 0); print $$ }`)

/** Waits for a page that nobody brings, in a call that no signal but SIGKILL ends: state D. Source: userfaultfd(2). */
export async function uninterruptible(): Promise<Child> {
  const child = await perl(`
    my $page = syscall(${mmap}, 0, 4096, 3, 0x22, -1, 0);
    my $fault = syscall(${userfaultfd}, 0);
    open(my $handle, "+<&=", $fault) or die "userfaultfd: $!";
    my $api = pack("QQQ", 0xAA, 0, 0);
    ioctl($handle, 0xc018aa3f, $api) or die "UFFDIO_API: $!";
    my $range = pack("QQQQ", $page, 4096, 1, 0);
    ioctl($handle, 0xc020aa00, $range) or die "UFFDIO_REGISTER: $!";
    my $here = pack("PQ", my $bytes = "x" x 8, 8);
    my $there = pack("QQ", $page, 8);
    print "ready";
    syscall(${processVmReadv}, $$ + 0, $here, 1, $there, 1, 0)`)
  await until(() => stateOf(child.pid) === 'D')
  return child
}

/** Those of these processes that are stopped. */
export function stoppedOf(pids: readonly number[]): number[] {
  return pids.filter((pid) => stateOf(pid) === 'T')
}

/** The numbers of a process's children. */
export function childrenOf(parent: number): number[] {
  return allPids().filter((pid) => new RegExp(`^PPid:\\s+${parent}$`, 'm').test(text(`/proc/${pid}/status`)))
}

/** The guard of a process's freezer; `undefined` when it has none. */
export function guardOf(pid: number): number | undefined {
  return childrenOf(pid).find(isGuard)
}

/** Whether there is a guard in the IPC namespace of a process. */
export function isGuarded(pid: number): boolean {
  const ipc = (of: number) => statSync(`/proc/${of}/ns/ipc`, { throwIfNoEntry: false })?.ino
  return allPids().some((each) => isGuard(each) && ipc(each) === ipc(pid))
}

function isGuard(pid: number): boolean {
  return text(`/proc/${pid}/cmdline`).includes('guard-main')
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** What a file of /proc says; nothing once its process has ended. */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
