import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BackendError } from '../contract/index.ts'
import { syscallNumbers } from '../linux/index.ts'
import { hasFrozen, isFrozen, wholeCgroups } from './cgroups.ts'
import type { Guard } from './guard.ts'
import { sendSignal } from './holdings.ts'
import {
  callOf,
  isThere,
  nameOf,
  type Process,
  parentOf,
  processOf,
  stateOf,
  threadsOf,
  tracerOf,
} from './processes.ts'

/**
 * A signal stops a process at its next step out of the kernel. One that waits for a device does not get there; a queue
 * is no use to anybody while its users stand still, so they are not kept standing for long.
 */
const STOP_MS_MAX = 5_000
/** Between two looks at a process that is about to stop. */
const LOOK_MS = 1

/** Stopped by a signal, ended and not waited for, ending. Source: fs/proc/array.c, task_state_array. */
const STANDS = 'TZX'

/** Who was stopped, and how: for as long as they are not let go on. */
export interface Stopped {
  /** By number. */
  readonly processes: Map<number, Process>
  /** Folders of the cgroups that were frozen. */
  readonly cgroups: Set<string>
}

/** Whether no thread of the process can run before somebody lets it; also when it has ended. */
export function isStopped(process: Process, { processes }: Stopped): boolean {
  if (!isThere(process)) return true
  const { pid } = process
  return threadsOf(pid).every((tid) => stands(pid, tid, processes.has(pid))) || isFrozen(pid)
}

/**
 * A thread that waits for its child in vfork(2) is on its way out of the kernel, and a SIGSTOP that was sent to it
 * waits there; the child may be stopped itself, before it runs its program.
 */
function stands(pid: number, tid: number, wasSent: boolean): boolean {
  const state = stateOf(pid, tid)
  if (state === undefined || STANDS.includes(state)) return true
  return state === 'D' && wasSent && syscallNumbers().clones.includes(callOf(pid, tid)?.number ?? -1)
}

/**
 * Stops processes: whole cgroups by their freezer, where they hold nobody else; the others by SIGSTOP. A process that
 * was stopped before is none of ours, and stays so.
 *
 * @param all All that are to be stopped in the end: a cgroup that holds others too is not frozen.
 * @param running Those of them that run.
 * @param stopped Who was stopped is added here.
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` one may not be stopped, or does not stop.
 */
export async function stop(
  all: readonly Process[],
  running: readonly Process[],
  stopped: Stopped,
  guard: Guard,
  interrupted: AbortSignal | undefined,
): Promise<void> {
  for (const folder of wholeCgroups(new Set(all.map(({ pid }) => pid)))) {
    if (!(await guard.keepCgroup(folder))) continue
    writeFileSync(join(folder, 'cgroup.freeze'), '1')
    stopped.cgroups.add(folder)
    await untilSo(
      () => hasFrozen(folder),
      interrupted,
      () => doNotStop(`the cgroup ${folder}`, all),
    )
  }
  const signalled = generationsOf(running.filter((process) => !isStopped(process, stopped)))
  for (const process of signalled.flat()) mayNotBeTraced(process)
  await guard.keepProcesses(signalled.flat())
  interrupted?.throwIfAborted()
  for (const process of running) stopped.processes.set(process.pid, process)
  // Parents stand before their children are told to: one that is woken from wait(2) by its own signal looks at its
  // children once more on the way out, and a shell would see its child stopped. Source: kernel/exit.c, do_wait.
  for (const generation of signalled) {
    for (const process of generation) sendStop(process)
    for (const process of generation) {
      await untilSo(
        () => isStopped(process, stopped),
        interrupted,
        () => doNotStop(nameOf(process), [process]),
      )
    }
  }
}

/** Those whose parent is none of them, then the children of these, and so on. */
function generationsOf(processes: readonly Process[]): Process[][] {
  const generations: Process[][] = []
  const left = new Map(processes.map((process) => [process.pid, { process, parent: parentOf(process.pid) }]))
  while (left.size > 0) {
    const generation = [...left.values()].filter(({ parent }) => !left.has(parent)).map(({ process }) => process)
    // A number that was given anew meanwhile could make a circle.
    generations.push(generation.length > 0 ? generation : [...left.values()].map(({ process }) => process))
    for (const { pid } of generations.at(-1) ?? []) left.delete(pid)
  }
  return generations
}

/** Its tracer, a debugger for instance, decides when it stops and when it goes on. */
function mayNotBeTraced(process: Process): void {
  const tracer = tracerOf(process.pid)
  if (tracer === 0) return
  const found = processOf(tracer)
  const who = found === undefined ? `process ${tracer}` : nameOf(found)
  const why = `${nameOf(process)} is traced by ${who}, which may let it run at any time: end that first`
  throw new BackendError('ERR_MSGQ_UNAVAILABLE', why)
}

function sendStop(process: Process): void {
  if (!isThere(process)) return
  try {
    sendSignal(process.pid, 'SIGSTOP')
  } catch (cause) {
    const why = `${nameOf(process)} may not be stopped by this user: run as root`
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', why, { cause })
  }
}

/** Names who waits for a device: in most cases the one that keeps the others waiting. */
function doNotStop(what: string, processes: readonly Process[]): string {
  const isBusy = ({ pid }: Process) => threadsOf(pid).some((tid) => stateOf(pid, tid) === 'D')
  const busy = processes.filter(isBusy).map(nameOf).join(', ')
  const why = busy === '' ? '' : `: ${busy} waits for a device (state D in ps(1))`
  return `${what} does not stop within ${STOP_MS_MAX / 1_000} s${why}. All go on: try again`
}

async function untilSo(isSo: () => boolean, interrupted: AbortSignal | undefined, why: () => string): Promise<void> {
  const end = performance.now() + STOP_MS_MAX
  while (!isSo()) {
    if (performance.now() > end) throw new BackendError('ERR_MSGQ_UNAVAILABLE', why())
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    interrupted?.throwIfAborted()
  }
}
