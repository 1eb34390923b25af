import { IPC_NOWAIT, IPC_RMID, IPC_SET, MSG_EXCEPT } from '../abi/index.ts'
import type { Applied, Call, Completion, Entry, Ticket, Value } from '../engine/index.ts'

/** Steps that are listed: the newest. */
const STEPS_MAX = 100
/** Characters of a payload that are shown. */
const PAYLOAD_CHARACTERS = 24

/** One entry that did something, or waits: who called what, and which calls it ended, in the kernel's order. */
export interface Step {
  readonly number: number
  readonly pid: number
  readonly call: string
  readonly isWaiting: boolean
  readonly ends: readonly { readonly pid: number; readonly call: string; readonly outcome: string }[]
}

interface Made {
  readonly pid: number
  readonly call: Call
}

/** What the engine did, entry by entry, in words. */
export class Steps {
  #steps: readonly Step[] = []
  #last = 0
  readonly #waiting = new Map<number, Made>()

  /** Newest first. */
  get all(): readonly Step[] {
    return this.#steps
  }

  /** @returns Whether there is another step: looking at queues is none. */
  add({ ticket, caller, call }: Entry, { completions, changed }: Applied): boolean {
    const made = { pid: caller.pid, call }
    const isWaiting = !completions.some((each) => isSame(each.ticket, ticket))
    const isLooking = !changed && !isWaiting && call.name !== 'msgsnd' && call.name !== 'msgrcv'
    if (isLooking) return false
    const ends = completions.map((completion) => {
      const ended = isSame(completion.ticket, ticket) ? made : this.#waiting.get(completion.ticket.number)
      this.#waiting.delete(completion.ticket.number)
      return { pid: ended?.pid ?? 0, call: ended?.call.name ?? '', outcome: outcomeWords(completion) }
    })
    if (isWaiting) this.#waiting.set(ticket.number, made)
    const step = { number: ++this.#last, pid: caller.pid, call: callWords(call), isWaiting, ends }
    this.#steps = [step, ...this.#steps].slice(0, STEPS_MAX)
    return true
  }
}

function isSame(one: Ticket, other: Ticket): boolean {
  return one.session === other.session && one.number === other.number
}

/** A call as C writes it. */
export function callWords(call: Call): string {
  switch (call.name) {
    case 'msgsnd':
      return `msgsnd(${call.msqid}, type ${call.mtype}, ${payloadWords(call.mtext)}${flagWords(call.msgflg)})`
    case 'msgrcv':
      return `msgrcv(${call.msqid}, msgtyp ${call.msgtyp}${flagWords(call.msgflg)})`
    case 'msgget':
      return `msgget(0x${(call.key >>> 0).toString(16).padStart(8, '0')})`
    case 'msgctl':
      return `msgctl(${call.msqid}, ${call.cmd === IPC_RMID ? 'IPC_RMID' : call.cmd === IPC_SET ? 'IPC_SET' : call.cmd})`
    case 'interrupt':
      return 'a signal'
    default:
      return call.name
  }
}

function flagWords(msgflg: number): string {
  const names = [msgflg & IPC_NOWAIT ? 'IPC_NOWAIT' : '', msgflg & MSG_EXCEPT ? 'MSG_EXCEPT' : '']
  const flags = names.filter((name) => name !== '').join(' | ')
  return flags === '' ? '' : `, ${flags}`
}

export function payloadWords(mtext: Uint8Array): string {
  const text = new TextDecoder().decode(mtext)
  return `"${text.length > PAYLOAD_CHARACTERS ? `${text.slice(0, PAYLOAD_CHARACTERS)}…` : text}"`
}

function outcomeWords(completion: Completion): string {
  if ('code' in completion) return completion.code
  const { value } = completion
  return isMessage(value) ? `got type ${value.mtype}, ${payloadWords(value.mtext)}` : `returns ${numberOf(value)}`
}

function isMessage(value: Value): value is Extract<Value, { readonly mtext: Uint8Array }> {
  return typeof value === 'object' && 'mtext' in value
}

function numberOf(value: Value): number {
  return typeof value === 'number' ? value : 0
}
