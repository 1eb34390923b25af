import type { About, Filter, LimitsSeen, LogLine, MessageSeen, Place, Scanned, Seen, WholeMessage } from './seen.ts'
import type { ChoiceSeen, DiffSeen, ImageSeen, PlanSeen } from './seen-image.ts'

/** What each call is given. All of it is JSON. */
export interface CallParameters {
  about: Record<string, never>
  depths: { readonly msqid: number }
  page: { readonly msqid: number; readonly first: number; readonly count: number }
  /** `before`: the index at which it ends, where messages are copied by index; the queue's end where it is absent. */
  scan: { readonly msqid: number; readonly after: number; readonly before?: number; readonly filter: Filter }
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
  images: Record<string, never>
  keep: Record<string, never>
  /** The namespace as it was at an instant, milliseconds since 1970. */
  past: { readonly time: number }
  putAway: { readonly image: number }
  imagePage: { readonly image: number; readonly msqid: number; readonly first: number; readonly count: number }
  imageMessage: { readonly image: number; readonly msqid: number; readonly index: number }
  imageDiff: { readonly before: number; readonly after: number }
  planRestore: { readonly image: number; readonly choice: ChoiceSeen }
  /** `replaces` and `appends` are the ids that the plan told: with others nothing is done. */
  restore: {
    readonly image: number
    readonly choice: ChoiceSeen
    readonly replaces: readonly number[]
    readonly appends: readonly number[]
  }
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
  /** Those that are on the shelf. */
  images: { readonly images: readonly ImageSeen[] }
  /** The namespace as it is now, as an image on the shelf. */
  keep: ImageSeen
  /** On the shelf, in the place of the instant that was looked at before. */
  past: ImageSeen
  putAway: Record<string, never>
  imagePage: { readonly messages: readonly MessageSeen[] }
  imageMessage: WholeMessage
  imageDiff: DiffSeen
  planRestore: PlanSeen
  restore: PlanSeen
}

/** All that a page knows of where its namespace is. */
export interface PageSource {
  call<Name extends keyof CallParameters>(name: Name, parameters: CallParameters[Name]): Promise<CallAnswers[Name]>
  /** Tells the namespace as it changes, until the returned function is called. `onLost` says why nothing comes. */
  subscribe(onSeen: (seen: Seen) => void, onLost: (why: string | undefined) => void): () => void
  /** Where a checkpoint can be downloaded; absent where there are no files. */
  readonly checkpointUrl?: string
  /** Has the browser save a checkpoint, where there is no such URL. */
  saveCheckpoint?(): Promise<void>
  /** Puts an image's files on the shelf; absent where none can be read. */
  upload?(files: readonly ImageFile[]): Promise<ImageSeen>
}

/** A file of an image, as a browser has it. */
export type ImageFile = Blob & { readonly name: string }
