/** The messages of one queue: found by place, type, rank and sequence number, whatever the depth. */
export { MessageList } from './message-list.ts'
export { type Address, highHalf, lowHalf } from './message-log.ts'
export { NONE, type Slot, TypeIndex } from './type-index.ts'
