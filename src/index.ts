/** System V message queues that you can look into, checkpoint, move and run anywhere. */
export {
  IPC_CREAT,
  IPC_EXCL,
  IPC_INFO,
  IPC_NOWAIT,
  IPC_PRIVATE,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  type IpcPerm,
  type Long,
  MSG_COPY,
  MSG_EXCEPT,
  MSG_INFO,
  MSG_NOERROR,
  MSG_STAT,
  MSG_STAT_ANY,
  type Msgbuf,
  type MsgInfo,
  type MsqidDs,
  type MsqidSettings,
} from './abi/index.ts'
export { type EmbeddedOptions, openEmbeddedNamespace } from './backends/embedded/index.ts'
export {
  BackendError,
  type BackendErrorCode,
  type CallerOptions,
  type Capabilities,
  type HeldMessage,
  type IpcNamespace,
  type ReceivedMessage,
  type RestoreReport,
  type SyncIpcNamespace,
  SyscallError,
} from './contract/index.ts'
export type { Checkpoint, CheckpointMessage, CheckpointQueue, Limits, WaitingCall } from './engine/index.ts'
export { openNamespace } from './open/index.ts'
export {
  bytes,
  type Codec,
  Cursor,
  type Held,
  json,
  MessageQueue,
  PayloadError,
  type Received,
  type Selector,
  text,
} from './queue/index.ts'
