import { BackendError } from '../../../contract/index.ts'
import type {
  CallFrame,
  CheckpointPart,
  HistoryFrame,
  HistoryPart,
  PastFrame,
  RequestFrame,
  SpokenFor,
} from '../../../wire/index.ts'
import type { End } from './end.ts'

/** Who makes a call, and hears of its end: one of both. */
export interface Asker {
  /** The process that is spoken for, if it is another one. */
  readonly as?: SpokenFor | undefined
  /** Whether to ask again in another session can do nothing twice. */
  readonly isRepeatable: boolean
  /** Whose call it is, where its end is waited for. */
  readonly owner?: object
  /** Nobody hears of its end, and it must be made: where the server has no room for it, it is asked again. */
  readonly isOwed?: boolean
  ended(end: End): void
  /** There will be no answer. */
  failed(error: Error): void
}

/** What takes the parts of an answer. */
export interface Parts {
  add(part: CheckpointPart | HistoryPart): void
  /** The request is asked again: its parts come again, from the first. */
  restart(): void
}

/** A call or a request whose answer has not come. */
export interface Pending {
  frame: CallFrame | RequestFrame | HistoryFrame | PastFrame
  /** Whether it may have been made. */
  isSent: boolean
  readonly asker: Asker
  /** Takes the parts of the answer. */
  readonly parts?: Parts
}

/** A frame without its number. */
export type Asked = Omit<RequestFrame, 'number'> | Omit<HistoryFrame, 'number'> | Omit<PastFrame, 'number'>

/** The error of a call that may have been made. */
export function inDoubt({ frame }: Pending, reason: string): BackendError {
  const name = frame.kind === 'call' ? frame.call.name : frame.kind
  return new BackendError('ERR_MSGQ_IN_DOUBT', `whether ${name} was done is not known: ${reason}`)
}
