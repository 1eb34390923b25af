import { ALL_CAPABILITIES, INT_MAX, IPC_NOWAIT, MSG_COPY } from '../../src/abi/index.ts'
import type { Engine, Limits, Message, Msgctl, Msgget, Msgrcv, Msgsnd } from '../../src/engine/index.ts'

type EngineCall = Parameters<Engine['apply']>[0]['call']

/** The calls that the kernel has too; writes below /proc/sys/kernel count as calls. */
export type KernelCall =
  | Msgget
  | Msgsnd
  | Msgrcv
  | Msgctl
  | Extract<EngineCall, { readonly name: 'setLimits' | 'setNextId' }>

/** A queue as the last call left it, in the words that choices of the next one need. */
export interface LiveQueue {
  readonly msqid: number
  readonly key: number
  readonly qnum: number
  readonly cbytes: number
  readonly qbytes: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Length of the oldest message; 0 when there is none. */
  readonly firstBytes: () => number
}

/** What the generator may know of a namespace to find its edges. */
export interface View {
  readonly queues: readonly LiveQueue[]
  /** Identifiers of queues that are gone. */
  readonly removed: readonly number[]
  readonly limits: Limits
}

/** The state of an engine, as the generator sees it. */
export function viewOf(engine: Engine, removed: readonly number[]): View {
  const { identifiers, limits } = engine.namespace
  const queues = Array.from(identifiers.queues(), (queue) => ({
    msqid: queue.msqid,
    key: queue.key,
    qnum: queue.qnum,
    cbytes: queue.cbytes,
    qbytes: queue.qbytes,
    mode: queue.mode,
    uid: queue.uid,
    gid: queue.gid,
    firstBytes: () => (queue.qnum === 0 ? 0 : firstBytes(engine, queue.msqid)),
  }))
  return { queues, removed, limits }
}

/** Asks as anyone would: with a copy, which changes nothing. */
function firstBytes(engine: Engine, msqid: number): number {
  const caller = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }
  const call = { name: 'msgrcv', msqid, msgsz: INT_MAX, msgtyp: 0, msgflg: IPC_NOWAIT | MSG_COPY } as const
  const [copy] = engine.apply({ ticket: { session: 0, number: 0 }, now: 0, caller, call }).completions
  return copy !== undefined && 'value' in copy ? (copy.value as Message).mtext.length : 0
}

/** A call as a report shows it: what to type to make it again. */
export function callText(call: KernelCall): string {
  const octal = (value: number) => (value < 0 ? `${value}` : `0${value.toString(8)}`)
  switch (call.name) {
    case 'msgget':
      return `msgget(key ${call.key}, msgflg ${octal(call.msgflg)})`
    case 'msgsnd':
      return `msgsnd(msqid ${call.msqid}, mtype ${call.mtype}, msgsz ${call.mtext.length}, msgflg ${octal(call.msgflg)})`
    case 'msgrcv':
      return `msgrcv(msqid ${call.msqid}, msgsz ${call.msgsz}, msgtyp ${call.msgtyp}, msgflg ${octal(call.msgflg)})`
    case 'msgctl':
      return `msgctl(msqid ${call.msqid}, cmd ${call.cmd}${call.settings === undefined ? '' : `, ${JSON.stringify(call.settings)}`})`
    case 'setLimits':
      return `limits ${JSON.stringify(call.limits)}`
    case 'setNextId':
      return `msg_next_id ${call.nextId}`
  }
}
