import { unsigned } from '../contract/index.ts'
import { heldMove } from './held-move.ts'
import type { MoveOptions, MovePlan } from './move-plan.ts'
import { checkTwoQueues, placeWords, type QueuePlace, standingQueue, Target } from './place.ts'
import { selectorOf } from './selector.ts'
import { spooledMove } from './spooled-move.ts'

/**
 * Moves messages from one queue to another, of any two namespaces, oldest first: each is sent as anyone would send it,
 * waking receivers and waiting for room, before it is gone from the source.
 *
 * A source that holds (`capabilities.held`) hides a message, which is accepted when it was sent and refused when it
 * could not be: none is lost or doubled. From the kernel a message is received straight into a slot mapped from a file
 * (`msgrcvInto`): killed at any moment, even by SIGKILL, nothing is lost, and the next move from this source first
 * sends what is in the slot, telling whether that may be a second time.
 *
 * @returns How many were moved, those from a slot not counted.
 * @throws {TypeError|RangeError} An option is wrong, or source and target are one queue. Nothing was moved.
 * @throws {SyscallError} as msgrcv and msgsnd; `EINVAL` also: a message is longer than the target ever takes. It is on
 *   the source still or, when it was received before the error came, in the slot.
 * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` the source can neither hold nor receive into memory, or cannot copy;
 *   `ERR_MSGQ_UNAVAILABLE` another move from this source is under way, or the spool is not this user's alone.
 */
export async function moveMessages(source: QueuePlace, target: QueuePlace, options: MoveOptions = {}): Promise<number> {
  const selector = selectorOf(options.msgtyp, options.msgflg)
  if (options.count !== undefined) unsigned('count', options.count)
  options.signal?.throwIfAborted()
  checkTwoQueues(source, target)
  const standing = await standingQueue(source)
  const checked = await Target.at(target)
  const most = options.count ?? (options.follow === true ? Number.POSITIVE_INFINITY : standing.stat.qnum)
  const plan: MovePlan = { source, target: checked, selector, most, options }
  if (source.namespace.capabilities.held) return heldMove(plan)
  const words = { source: placeWords(source, standing.stat.perm.key), target: placeWords(target, await keyOf(target)) }
  return spooledMove(plan, words)
}

async function keyOf(place: QueuePlace): Promise<number> {
  return (await standingQueue(place)).stat.perm.key
}
