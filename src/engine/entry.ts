import type { Capability, ErrnoName, Long, Msgbuf, MsgInfo, MsqidDs, MsqidSettings } from '../abi/index.ts'
import type { CheckpointHeader, CheckpointQueue } from './checkpoint.ts'

/** Names a call in completions. Session 0 is the caller's own process: its tickets are never repeated nor remembered. */
export interface Ticket {
  readonly session: number
  readonly number: number
}

/** The process on whose behalf a call is made. */
export interface Caller {
  /** Process (thread group) id: what msgsnd and msgrcv leave in lspid and lrpid. */
  readonly pid: number
  /** Thread id: what a hand-over to a waiting receiver leaves in lrpid. */
  readonly tid: number
  /** Effective user and group id. */
  readonly uid: number
  readonly gid: number
  /** Supplementary groups. */
  readonly groups: readonly number[]
  readonly capabilities: readonly Capability[]
}

/** The namespace's limits, each settable in the kernel's range. Source: /proc/sys/kernel/msgmax, msgmnb, msgmni. */
export interface Limits {
  /** Most payload bytes of one message, 0 to 2^31-1. Checked when it is sent. */
  readonly msgmax: number
  /** `qbytes` of a new queue, 0 to 2^31-1. */
  readonly msgmnb: number
  /** Most queues, 0 to 32768. */
  readonly msgmni: number
}

export interface Msgget {
  readonly name: 'msgget'
  readonly key: number
  readonly msgflg: number
}

export interface Msgsnd {
  readonly name: 'msgsnd'
  readonly msqid: number
  readonly mtype: Long
  /** Copied: it may change once the entry is applied. */
  readonly mtext: Uint8Array
  readonly msgflg: number
}

export interface Msgrcv {
  readonly name: 'msgrcv'
  readonly msqid: number
  readonly msgsz: number
  readonly msgtyp: Long
  readonly msgflg: number
  /** Hide the message until `accept` removes it or `refuse` shows it again. */
  readonly hold?: boolean
}

/** msgctl; `settings` is what IPC_SET takes, and `msqid` an index for MSG_STAT and MSG_STAT_ANY. */
export interface Msgctl {
  readonly name: 'msgctl'
  readonly msqid: number
  readonly cmd: number
  readonly settings?: MsqidSettings
}

/** Copies the oldest selected message whose sequence number is above `sequence`. */
export interface CopyAfter {
  readonly name: 'copyAfter'
  readonly msqid: number
  readonly sequence: number
  readonly msgsz: number
  readonly msgtyp: Long
  readonly msgflg: number
}

/** Ends a waiting call with EINTR, as a signal does. A call that is not waiting (any more) is left alone. */
export interface Interrupt {
  readonly name: 'interrupt'
  readonly call: Ticket
}

/** Removes the message that a held receive hid: only now is it received. */
export interface Accept {
  readonly name: 'accept'
  readonly receive: Ticket
}

/** Accepts what several receives of the ticket's own session hold, by their numbers: one entry for many. What is held no more is left out. */
export interface AcceptAll {
  readonly name: 'acceptAll'
  readonly receives: readonly number[]
}

/** Shows the message that a held receive hid again, at its place. */
export interface Refuse {
  readonly name: 'refuse'
  readonly receive: Ticket
}

export interface SetLimits {
  readonly name: 'setLimits'
  readonly limits: Partial<Limits>
}

/** Writes msg_next_id: the identifier that the next new queue asks for. */
export interface SetNextId {
  readonly name: 'setNextId'
  readonly nextId: number
}

export interface SetCopyCounter {
  readonly name: 'setCopyCounter'
  readonly msqid: number
  readonly copyCounter: number
}

/** Restores in parts: begin names the restore by its ticket, chunks bring queues, commit makes them all or none. */
export interface RestoreBegin {
  readonly name: 'restoreBegin'
  readonly header: CheckpointHeader
}

/** A queue that a chunk before brought goes on with the messages of this one. */
export interface RestoreChunk {
  readonly name: 'restoreChunk'
  readonly restore: Ticket
  readonly queues: readonly CheckpointQueue[]
}

export interface RestoreCommit {
  readonly name: 'restoreCommit'
  readonly restore: Ticket
}

/** Opens the ticket's session, or finds it open. */
export interface OpenSession {
  readonly name: 'openSession'
}

/** Forgets the answers to this session's tickets up to a number: they will not be repeated. */
export interface AcknowledgeSession {
  readonly name: 'acknowledgeSession'
  readonly number: number
}

/** Ends a session: its waiting calls end in EINTR, its held messages are shown again, its answers are forgotten. */
export interface ExpireSession {
  readonly name: 'expireSession'
  readonly session: number
}

export type Call =
  | Msgget
  | Msgsnd
  | Msgrcv
  | Msgctl
  | CopyAfter
  | Interrupt
  | Accept
  | AcceptAll
  | Refuse
  | SetLimits
  | SetNextId
  | SetCopyCounter
  | RestoreBegin
  | RestoreChunk
  | RestoreCommit
  | OpenSession
  | AcknowledgeSession
  | ExpireSession

export type CallName = Call['name']

/** One call in the order that decides everything. */
export interface Entry {
  readonly ticket: Ticket
  /** Milliseconds since 1970, decided by whoever orders entries; time never goes back. */
  readonly now: number
  readonly caller: Caller
  readonly call: Call
}

/** A message that was received or copied, with what the kernel would not tell. */
export interface Message extends Msgbuf {
  /** Counts the messages sent to the queue, from 1. */
  readonly sequence: number
  readonly sender: Sender
  /** When it was sent, milliseconds since 1970. */
  readonly time: number
}

/** Who sent a message. */
export interface Sender {
  readonly pid: number
  readonly uid: number
}

/** MSG_STAT and MSG_STAT_ANY: the queue at an index. */
export interface IndexedStat {
  readonly msqid: number
  readonly stat: MsqidDs
}

/** IPC_INFO and MSG_INFO. */
export interface NamespaceInfo {
  /** The highest index in use; 0 when there is none. */
  readonly maxIndex: number
  readonly info: MsgInfo
}

/** What each call answers when it succeeds; 0 where there is nothing to tell. */
export interface Values {
  msgget: number
  msgsnd: 0
  msgrcv: Message
  msgctl: 0 | MsqidDs | IndexedStat | NamespaceInfo
  copyAfter: Message
  /** 1 when the call was waiting and is now interrupted. */
  interrupt: 0 | 1
  accept: 0
  /** How many messages were received. */
  acceptAll: number
  refuse: 0
  setLimits: 0
  setNextId: 0
  setCopyCounter: 0
  restoreBegin: 0
  restoreChunk: 0
  /** How many queues were restored. */
  restoreCommit: number
  openSession: 0
  acknowledgeSession: 0
  expireSession: 0
}

export type Value = Values[CallName]

/** Refusals that are ours, for entries whose session cannot answer for them. */
export type SessionCode = 'ERR_MSGQ_SESSION_EXPIRED' | 'ERR_MSGQ_TICKET_ACKNOWLEDGED' | 'ERR_MSGQ_SESSION_FULL'

export type Code = ErrnoName | SessionCode

/** The end of one call. */
export type Completion =
  | { readonly ticket: Ticket; readonly value: Value }
  | { readonly ticket: Ticket; readonly code: Code }

/**
 * Has the last word on a send or a receive that need not wait: it is asked, with what the call is to answer, before anything
 * changes. `false`, and nothing happens. It must not use the engine.
 */
export type Agree = (answer: Value) => boolean

/** What one entry did. A ticket that is not among the completions is waiting; there is no other blocked state. */
export interface Applied {
  /** Every call that this entry finished, in the kernel's wake order. */
  readonly completions: readonly Completion[]
  /** Whether the namespace is another one than before: such entries belong into a journal. */
  readonly changed: boolean
}

/** A call that waits, as `waiting()` lists it and an image keeps it. */
export interface WaitingCall {
  readonly ticket: Ticket
  readonly msqid: number
  readonly caller: Caller
  readonly call: Msgsnd | Msgrcv | CopyAfter
}
