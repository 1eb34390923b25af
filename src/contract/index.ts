/** The promise that every backend keeps. */
export { abortSignal, int, key, limits, longArgument, msgbuf, msqidSettings, size, unsigned } from './arguments.ts'
export {
  callerFrom,
  copyAfterCall,
  msgctlCall,
  msggetCall,
  msgrcvCall,
  msgsndCall,
  setCopyCounterCall,
  setLimitsCall,
  setNextIdCall,
  spokenFor,
} from './calls.ts'
export { BackendError, type BackendErrorCode, formatKey, SyscallError, type SyscallErrorDetails } from './errors.ts'
export { type Circumstances, syscallError } from './hints.ts'
export type {
  CallerOptions,
  Capabilities,
  CheckpointOptions,
  HeldMessage,
  HistoryOptions,
  IpcNamespace,
  MsgctlResult,
  NotRestored,
  ReceivedMessage,
  ReceiveOptions,
  RestoreReport,
  SyncHeldMessage,
  SyncIpcNamespace,
  WaitOptions,
} from './ipc-namespace.ts'
export { missingFrom, toldByMessages } from './missing.ts'
export { queueAt } from './queue-at.ts'
