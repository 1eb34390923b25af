import assert from 'node:assert/strict'
import { ALL_CAPABILITIES, IPC_SET, type Long } from '../../src/abi/index.ts'
import {
  brokenInvariants,
  type Call,
  type Caller,
  type Completion,
  Engine,
  type Msgctl,
  type Msgrcv,
  type Msgsnd,
  type NamespaceOptions,
} from '../../src/engine/index.ts'

/** The namespace's root, and a user without rights, each with a thread id of its own. */
export const ROOT: Caller = { pid: 10, tid: 11, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }
export const USER: Caller = { pid: 20, tid: 21, uid: 1000, gid: 1000, groups: [7], capabilities: [] }

interface How {
  readonly caller?: Caller
  readonly session?: number
  readonly number?: number
  readonly now?: number
}

/** An engine that is driven by single calls, numbered from 1, and tells in words which calls each of them ended, and how. */
export class Driven {
  readonly engine: Engine
  #number = 0

  constructor(options: NamespaceOptions = {}) {
    this.engine = new Engine(options)
  }

  /** @returns For each call that ended its number, with its session if that is not 0, and what it came to. */
  call(
    call: Call,
    { caller = ROOT, session = 0, number = this.#number + 1, now = 1_000 * number }: How = {},
  ): string[] {
    this.#number = Math.max(this.#number, number)
    const { completions } = this.engine.apply({ ticket: { session, number }, now, caller, call })
    assert.deepEqual(brokenInvariants(this.engine.namespace), [])
    return completions.map(inWords)
  }

  /** A queue of mode 0o666 with room for so many bytes. @returns Its identifier. */
  queue(key = 0, qbytes?: number): number {
    const [end = ''] = this.call({ name: 'msgget', key, msgflg: 0o1666 })
    const msqid = Number(end.split(' ')[1])
    if (qbytes !== undefined) this.call(ipcSet(msqid, { qbytes }))
    return msqid
  }
}

export function ipcSet(
  msqid: number,
  { qbytes = 16_384, mode = 0o666, uid = 0, gid = 0 }: { qbytes?: number; mode?: number; uid?: number; gid?: number },
): Msgctl {
  return { name: 'msgctl', msqid, cmd: IPC_SET, settings: { perm: { uid, gid, mode }, qbytes } }
}

export function msgsnd(msqid: number, mtype: Long, text: string, msgflg = 0): Msgsnd {
  return { name: 'msgsnd', msqid, mtype, mtext: Uint8Array.from(text, (letter) => letter.charCodeAt(0)), msgflg }
}

export function msgrcv(
  msqid: number,
  msgtyp: Long = 0,
  { msgflg = 0, msgsz = 100, hold = false }: Partial<Msgrcv> = {},
): Msgrcv {
  return { name: 'msgrcv', msqid, msgsz, msgtyp, msgflg, hold }
}

function inWords(completion: Completion): string {
  const { session, number } = completion.ticket
  const name = session === 0 ? `${number}` : `${session}:${number}`
  if ('code' in completion) return `${name} ${completion.code}`
  const { value } = completion
  if (typeof value === 'number') return `${name} ${value}`
  return 'mtext' in value ? `${name} "${String.fromCharCode(...value.mtext)}"` : `${name} ${JSON.stringify(value)}`
}
