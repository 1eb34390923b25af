import type { About, Filter, LimitsSeen, LogLine, MessageSeen, Place, Scanned, Seen, WholeMessage } from './seen.ts'

/** What each call is given. All of it is JSON. */
export interface CallParameters {
  about: Record<string, never>
  depths: { readonly msqid: number }
  page: { readonly msqid: number; readonly first: number; readonly count: number }
  scan: { readonly msqid: number; readonly after: number; readonly filter: Filter }
  message: { readonly msqid: number; readonly place: Place }
  log: { readonly msqid?: number; readonly from?: number; readonly to?: number }
  create: { readonly key: number; readonly mode: number }
  send: { readonly msqid: number; readonly type: string; readonly payload: string }
  receive: { readonly msqid: number; readonly msgtyp: string }
  accept: { readonly held: number }
  remove: { readonly msqid: number }
  set: {
    readonly msqid: number
    readonly uid: number
    readonly gid: number
    readonly mode: number
    readonly qbytes: number
  }
  setLimits: LimitsSeen
}

/** What each call answers. */
export interface CallAnswers {
  about: About
  /** Times in seconds, and messages at each. */
  depths: { readonly times: readonly number[]; readonly depths: readonly number[] }
  page: { readonly messages: readonly MessageSeen[] }
  scan: Scanned
  message: WholeMessage
  log: { readonly lines: readonly LogLine[]; readonly isCut: boolean }
  create: { readonly msqid: number }
  send: Record<string, never>
  /** `held` where the message stays on its queue until it is accepted. */
  receive: { readonly message: WholeMessage; readonly held?: number }
  accept: Record<string, never>
  remove: Record<string, never>
  set: Record<string, never>
  setLimits: Record<string, never>
}

/** All that a page knows of where its namespace is. */
export interface PageSource {
  call<Name extends keyof CallParameters>(name: Name, parameters: CallParameters[Name]): Promise<CallAnswers[Name]>
  /** Tells the namespace as it changes, until the returned function is called. `onLost` says why nothing comes. */
  subscribe(onSeen: (seen: Seen) => void, onLost: (why: string | undefined) => void): () => void
  /** Where a checkpoint can be downloaded; absent where there are no files. */
  readonly checkpointUrl?: string
}
