/** What every backend must do, as a test suite: run on each of ours, exported for those of others. */
import type { ConformanceCase, Target } from './case.ts'
import { abortCases } from './cases/abort.ts'
import { argumentCases } from './cases/arguments.ts'
import { capabilityCases } from './cases/capabilities.ts'
import { checkpointCases } from './cases/checkpoint.ts'
import { counterCases } from './cases/counter.ts'
import { counterWaitCases } from './cases/counter-waits.ts'
import { cursorCases } from './cases/cursor.ts'
import { handOverCases } from './cases/hand-over.ts'
import { heldCases } from './cases/held.ts'
import { heldWaitCases } from './cases/held-waits.ts'
import { identifierCases } from './cases/identifiers.ts'
import { ipcSetCases } from './cases/ipc-set.ts'
import { limitCases } from './cases/limits.ts'
import { msgCopyCases } from './cases/msg-copy.ts'
import { msgNextIdCases } from './cases/msg-next-id.ts'
import { msgctlCases } from './cases/msgctl.ts'
import { msggetCases } from './cases/msgget.ts'
import { msgrcvCases } from './cases/msgrcv.ts'
import { msgsndCases } from './cases/msgsnd.ts'
import { ownershipCases } from './cases/ownership.ts'
import { permissionCases } from './cases/permissions.ts'
import { restoreCases } from './cases/restore.ts'
import { restoreEverythingCases } from './cases/restore-everything.ts'
import { restoreRefusalCases } from './cases/restore-refusals.ts'
import { selectionCases } from './cases/selection.ts'
import { senderWakeUpCases } from './cases/sender-wake-up.ts'
import { senderCases } from './cases/senders.ts'
import { syncCases } from './cases/sync.ts'
import { waitingListCases } from './cases/waiting-list.ts'
import { waitingReceiverCases } from './cases/waiting-receivers.ts'
import { waitingSenderCases } from './cases/waiting-senders.ts'
import { withoutCopyCases } from './cases/without-copies.ts'
import { type ConformanceReport, registerCases, type TestFunction } from './conformance.ts'

export type { ConformanceCase, Context, Need, OpenedTarget, Process, ProcessOptions, Target } from './case.ts'
export { CASE_TIMEOUT_MS, type ConformanceReport, isApplicable, runCase, type TestFunction } from './conformance.ts'
export { LeftOut } from './left-out.ts'
export { OwnQueues } from './own-queues.ts'

/** Every case, topic by topic. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...msggetCases,
  ...identifierCases,
  ...msgNextIdCases,
  ...permissionCases,
  ...ownershipCases,
  ...msgsndCases,
  ...msgrcvCases,
  ...selectionCases,
  ...msgCopyCases,
  ...waitingReceiverCases,
  ...handOverCases,
  ...waitingSenderCases,
  ...senderWakeUpCases,
  ...msgctlCases,
  ...ipcSetCases,
  ...limitCases,
  ...abortCases,
  ...syncCases,
  ...argumentCases,
  ...checkpointCases,
  ...restoreCases,
  ...restoreRefusalCases,
  ...capabilityCases,
  ...restoreEverythingCases,
  ...counterCases,
  ...counterWaitCases,
  ...cursorCases,
  ...heldCases,
  ...heldWaitCases,
  ...senderCases,
  ...waitingListCases,
  ...withoutCopyCases,
]

/**
 * Registers every case that applies to a backend as a test.
 *
 * @param suite `test` is that of node:test, or of its shape; `target` makes namespaces of the backend.
 * @returns The cases that apply, and those that need what the backend does not declare.
 */
export function conformance(suite: { readonly test: TestFunction; readonly target: Target }): ConformanceReport {
  return registerCases({ ...suite, cases: conformanceCases })
}
