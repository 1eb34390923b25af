import { LONG_MAX, LONG_MIN, type Long, MSG_EXCEPT } from '../abi/index.ts'
import type { MessageList, QueuedMessage } from './messages.ts'

/** What msgtyp and msgflg select. Source: ipc/msg.c, convert_mode(). */
export type Selector =
  | { readonly mode: 'any' }
  | { readonly mode: 'equal'; readonly type: Long }
  | { readonly mode: 'notEqual'; readonly type: Long }
  | { readonly mode: 'lessEqual'; readonly type: Long }

const ANY: Selector = { mode: 'any' }

export function convertMode(msgtyp: Long, msgflg: number): Selector {
  // "If msgtyp is 0, then the first message in the queue is read." msgrcv(2). MSG_EXCEPT is ignored.
  if (msgtyp === 0) return ANY
  // "If msgtyp is less than 0, then the first message in the queue with the lowest type less than or equal to the
  // absolute value of msgtyp will be read." MSG_EXCEPT is ignored; -LONG_MIN would not be a long.
  if (msgtyp < 0) return { mode: 'lessEqual', type: msgtyp === LONG_MIN ? LONG_MAX : -msgtyp }
  if (msgflg & MSG_EXCEPT) return { mode: 'notEqual', type: msgtyp }
  return { mode: 'equal', type: msgtyp }
}

/** Whether a message is one that the selector selects. Source: ipc/msg.c, testmsg(). */
export function testMsg(mtype: Long, selector: Selector): boolean {
  switch (selector.mode) {
    case 'any':
      return true
    case 'equal':
      return mtype === selector.type
    case 'notEqual':
      return mtype !== selector.type
    case 'lessEqual':
      return mtype <= selector.type
  }
}

/** The message that a receive takes: the oldest selected or, for `lessEqual`, the oldest of the lowest type. Held ones are hidden. Source: ipc/msg.c, find_msg(). */
export function findMsg(messages: MessageList, selector: Selector): QueuedMessage | undefined {
  let found: QueuedMessage | undefined
  for (let queued = messages.first; queued !== undefined; queued = queued.next) {
    if (queued.holder !== undefined || !testMsg(queued.message.mtype, selector)) continue
    if (selector.mode !== 'lessEqual') return queued
    if (found === undefined || queued.message.mtype < found.message.mtype) found = queued
  }
  return found
}

/** The selected message that the receive number `number`, from 0, would take. Held ones are still there. */
export function findNumber(messages: MessageList, selector: Selector, number: number): QueuedMessage | undefined {
  const selected: QueuedMessage[] = []
  for (const queued of messages) {
    if (!testMsg(queued.message.mtype, selector)) continue
    if (selector.mode !== 'lessEqual' && selected.length === number) return queued
    selected.push(queued)
  }
  if (selector.mode !== 'lessEqual') return undefined
  // Sorting is stable, so messages of one type stay in their order.
  selected.sort((a, b) => (a.message.mtype < b.message.mtype ? -1 : a.message.mtype > b.message.mtype ? 1 : 0))
  return selected[number]
}
