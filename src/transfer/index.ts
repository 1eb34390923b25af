/** Messages and queues brought into a namespace: restores with a choice, messages moved and copied between namespaces. */
export { type CopyOptions, copyMessages } from './copy.ts'
export {
  type HeldReceiveOptions,
  type HeldReceiver,
  type HeldReceiverOptions,
  openHeldReceiver,
} from './held-receiver.ts'
export { type MirrorOptions, mirrorMessages } from './mirror.ts'
export { moveMessages } from './move.ts'
export type { FoundInSpool, MovedMessage, MoveOptions } from './move-plan.ts'
export type { QueuePlace } from './place.ts'
export { restoreQueues } from './restore.ts'
export {
  type Placement,
  planRestore,
  type QueueName,
  type QueueRestoreReport,
  type RestoreChoice,
  type RestorePlan,
  type StandingQueue,
} from './restore-plan.ts'
export { type SpooledMessage, spoolDirectory, spooledMessages } from './spool.ts'
