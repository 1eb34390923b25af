import { LONG_MAX, LONG_MIN, type Long, MSG_EXCEPT } from '../abi/index.ts'
import type { Address, MessageList } from './messages/index.ts'

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

/** The message that a receive takes: the oldest selected or, for `lessEqual`, the oldest of the lowest type. Source: ipc/msg.c, find_msg(). */
export function findMsg(messages: MessageList, selector: Selector): Address | undefined {
  switch (selector.mode) {
    case 'any':
      return messages.oldest()
    case 'equal':
      return messages.oldestOf(selector.type)
    case 'notEqual':
      return messages.oldestExcept(selector.type)
    case 'lessEqual': {
      const lowest = messages.oldestOfLowest()
      return lowest !== undefined && messages.typeOf(lowest) <= selector.type ? lowest : undefined
    }
  }
}

/** The selected message that the receive number `number`, from 0, would take. Held ones are still there. */
export function findNumber(messages: MessageList, selector: Selector, number: number): Address | undefined {
  if (selector.mode === 'any') return messages.at(number)
  const selected = [...messages].filter((address) => testMsg(messages.typeOf(address), selector))
  if (selector.mode === 'lessEqual') {
    // Sorting is stable, so messages of one type stay in their order.
    selected.sort((a, b) =>
      messages.typeOf(a) < messages.typeOf(b) ? -1 : messages.typeOf(a) > messages.typeOf(b) ? 1 : 0,
    )
  }
  return selected[number]
}

/** The oldest selected message after a sequence number. Held ones are still there. */
export function findAfter(messages: MessageList, selector: Selector, sequence: number): Address | undefined {
  let address = messages.after(sequence)
  while (address !== undefined && !testMsg(messages.typeOf(address), selector)) {
    address = messages.following(address)
  }
  return address
}
