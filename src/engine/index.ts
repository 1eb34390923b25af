/** One IPC namespace's message queues as a pure, deterministic state machine. Runs anywhere; imports nothing. */
export { type Bounds, DEFAULT_BOUNDS, hasRoomInPool, MESSAGE_BYTES, pooledBytes } from './bounds.ts'
export type {
  Checkpoint,
  CheckpointHeader,
  CheckpointMessage,
  CheckpointMessages,
  CheckpointQueue,
  IdentifierCursor,
} from './checkpoint.ts'
export { Chronicle, type HistoryEvent } from './chronicle.ts'
export { Engine } from './engine.ts'
export type {
  Accept,
  AcceptAll,
  AcknowledgeSession,
  Agree,
  Applied,
  Call,
  Caller,
  CallName,
  Code,
  Completion,
  CopyAfter,
  Entry,
  ExpireSession,
  IndexedStat,
  Interrupt,
  Limits,
  Message,
  Msgctl,
  Msgget,
  Msgrcv,
  Msgsnd,
  NamespaceInfo,
  OpenSession,
  Refuse,
  RestoreBegin,
  RestoreChunk,
  RestoreCommit,
  Sender,
  SessionCode,
  SetCopyCounter,
  SetLimits,
  SetNextId,
  Ticket,
  Value,
  Values,
  WaitingCall,
} from './entry.ts'
export { brokenInvariants } from './invariants.ts'
export { areValidLimits } from './limits.ts'
export {
  cbytesOf,
  MessagePacker,
  type MessageView,
  type PlainMessages,
  type Told,
  type ToldAlike,
  toldBy,
  viewsOf,
} from './messages/index.ts'
export { DEFAULT_LIMITS, type NamespaceOptions } from './namespace.ts'
export { loadState, StateLoader, type StatePart, type StateQueue, saveState } from './state.ts'
