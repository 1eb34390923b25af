import { IPC_INFO, IPCMNI, MSG_INFO, MSG_STAT_ANY } from '../../src/abi/index.ts'
import { brokenInvariants, type Engine, type Entry } from '../../src/engine/index.ts'
import type { KernelCall, LiveQueue } from './calls.ts'
import type { Caller } from './credentials.ts'
import type { Answer, Kernel } from './kernel.ts'

/** Where engine and kernel part ways. */
export interface Disagreement {
  readonly what: string
  readonly kernel: unknown
  readonly engine: unknown
}

/** Asks the engine what nothing in it may change: statistics, as anyone may have them. */
const NOBODY: Caller = { pid: 1, tid: 1, uid: 65_534, gid: 65_534, groups: [], capabilities: [] }

const INFO = [
  ['MSG_INFO', MSG_INFO],
  ['IPC_INFO', IPC_INFO],
] as const

/** Applies a call that does not wait and returns its own answer. */
export function applyCall(engine: Engine, now: number, caller: Caller, call: KernelCall): Answer {
  const ended = applyEntry(engine, { ticket: { session: 0, number: 0 }, now, caller, call })
  return ended.get(0) ?? { code: 'none: the engine lets it wait' }
}

/** Applies an entry and returns the answers of all calls that it ended, by ticket number. */
export function applyEntry(engine: Engine, entry: Entry): Map<number, Answer> {
  try {
    return new Map(engine.apply(entry).completions.map((completion) => [completion.ticket.number, completion]))
  } catch (error) {
    // A failed assertion of the engine is an answer that no kernel gives: it is reported, and shrunk, as one.
    return new Map([[entry.ticket.number, { code: `none: the engine stopped: ${stackOf(error)}` }]])
  }
}

/** Whether the engine's value says all that the kernel's says; it may say more, such as a message's sender. */
export function agrees(kernel: unknown, engine: unknown): boolean {
  if (kernel === engine) return true
  if (typeof kernel !== 'object' || typeof engine !== 'object' || kernel === null || engine === null) return false
  if (kernel instanceof Uint8Array) return engine instanceof Uint8Array && Buffer.compare(kernel, engine) === 0
  for (const field in kernel) {
    if (!agrees(kernel[field as keyof typeof kernel], engine[field as keyof typeof engine])) return false
  }
  return true
}

/** Compares everything that can be asked of both about the engine's queues: each one's queue's struct, what is in use, the limits, the invariants. */
export function compareState(
  kernel: Kernel,
  engine: Engine,
  queues: readonly Pick<LiveQueue, 'msqid'>[],
): Disagreement | undefined {
  for (const { msqid } of queues) {
    // MSG_STAT_ANY tells what IPC_STAT does, and asks for no permission: the thread stays who it is.
    const stat = kernel.stat(msqid)
    const own = ask(engine, msqid & (IPCMNI - 1), MSG_STAT_ANY)
    if (!agrees(stat, own)) return { what: `IPC_STAT of ${msqid}`, kernel: stat, engine: own }
  }
  // The count of queues in use tells that the kernel has no other queue than those.
  for (const [what, cmd] of INFO) {
    const info = kernel.info(cmd)
    const own = ask(engine, 0, cmd)
    if (!agrees(info, own)) return { what, kernel: info, engine: own }
  }
  const broken = invariantsOf(engine)
  return broken.length > 0 ? { what: 'invariants', kernel: [], engine: broken } : undefined
}

function invariantsOf(engine: Engine): readonly string[] {
  try {
    return brokenInvariants(engine.namespace)
  } catch (error) {
    return [`the check stopped: ${stackOf(error)}`]
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? `${error.stack}` : `${error}`
}

function ask(engine: Engine, msqid: number, cmd: number): unknown {
  const answer = applyCall(engine, 0, NOBODY, { name: 'msgctl', msqid, cmd })
  return 'value' in answer ? answer.value : answer.code
}

/** A disagreement as a report shows it: payloads as hex, types in full. */
export function disagreementText({ what, kernel, engine }: Disagreement): string {
  return `${what}\n    kernel: ${text(kernel)}\n    engine: ${text(engine)}`
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint') return `${part}n`
    if (part instanceof Uint8Array) return `${part.length} bytes ${Buffer.from(part.subarray(0, 24)).toString('hex')}`
    return part
  })
}
