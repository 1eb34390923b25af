/** The messages of one queue: found by place, type, rank and sequence number, whatever the depth. */
export { MessageList } from './message-list.ts'
export type { Address } from './message-log.ts'
export { MessagePacker } from './message-packer.ts'
export {
  cbytesOf,
  type MessageView,
  PackedMessages,
  type Told,
  toldBy,
  viewsOf,
} from './packed-messages.ts'
export type { PlainMessages, ToldAlike } from './plain-messages.ts'
export { highHalf, lowHalf } from './record.ts'
export { NONE, type Slot, TypeIndex } from './type-index.ts'
