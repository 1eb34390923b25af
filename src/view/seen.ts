import type { Capabilities } from '../contract/index.ts'

/** What a page must know before it draws. */
export interface About {
  readonly url: string
  readonly capabilities: Capabilities
  /** Nothing can be changed: whoever serves the page refuses. */
  readonly readOnly: boolean
  /** Who calls. */
  readonly user: string
}

/** A queue in the kernel's field names, and what is known beside them. Times are whole seconds, 0 is never. */
export interface QueueSeen {
  readonly msqid: number
  /** As `ipcs` prints it. */
  readonly key: string
  readonly uid: number
  readonly gid: number
  /** The user's name, where it has one. */
  readonly owner: string
  readonly mode: number
  readonly cbytes: number
  readonly qnum: number
  readonly qbytes: number
  readonly lspid: number
  readonly lrpid: number
  readonly stime: number
  readonly rtime: number
  readonly ctime: number
  /** When the oldest message was sent, milliseconds; where the backend tells it. */
  readonly oldest?: number
  /** Messages a second since the sample before: sent and received where there are cursors, else what depth changed by. */
  readonly sent?: number
  readonly received?: number
  readonly change: number
  /** Calls that wait to send and to receive; where the backend tells them. */
  readonly sending?: number
  readonly receiving?: number
}

export interface LimitsSeen {
  readonly msgmax: number
  readonly msgmnb: number
  readonly msgmni: number
}

/** A call that waits. */
export interface WaitSeen {
  readonly msqid: number
  readonly call: 'msgsnd' | 'msgrcv' | 'copyAfter'
  readonly pid: number
  /** The type to send, or `msgtyp`. */
  readonly type: string
  readonly msgflg: number
}

/** A namespace at one moment. */
export interface Seen {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly queues: readonly QueueSeen[]
  readonly limits: LimitsSeen
  readonly waiting: readonly WaitSeen[]
}

/** A message as a line of a list. */
export interface MessageSeen {
  /** From the oldest, 0, where it was asked for by index. */
  readonly index?: number
  readonly sequence?: number
  /** Exact: a long may be longer than a number. */
  readonly type: string
  readonly bytes: number
  readonly pid?: number
  readonly uid?: number
  /** When it was sent, milliseconds since 1970. */
  readonly time?: number
  /** How the payload begins, base64. */
  readonly head: string
}

export interface WholeMessage extends MessageSeen {
  /** All of it, base64. */
  readonly payload: string
}

/** Where a message stands: by its number on the queue, which stays its own, or by index. */
export interface Place {
  readonly sequence?: number
  readonly index?: number
}

/** Which messages to show. */
export interface Filter {
  /** Of this type alone; empty is any. */
  readonly type: string
  /** With these characters in the payload, read as UTF-8. */
  readonly text: string
}

/** How many messages of each type. */
export type Counts = Readonly<Record<string, number>>

/** A stretch of a queue that was looked through. */
export interface Scanned {
  readonly messages: readonly MessageSeen[]
  readonly counts: Counts
  readonly scanned: number
  /** Where to go on; absent at the end. */
  readonly next?: number
}

export interface LogLine {
  readonly event: string
  readonly time: number
  readonly msqid: number
  readonly key: string
  readonly pid: number
  readonly user: string
  readonly type?: string
  readonly bytes?: number
  readonly sequence?: number
}
