/** One queue as an object: payloads, iteration, disposal. */
export { bytes, type Codec, json, text } from './codecs.ts'
export { Cursor } from './cursor.ts'
export {
  type CopyOptions,
  type Held,
  MessageQueue,
  type QueueOptions,
  type QueueSettings,
  type Received,
  type SendOptions,
  type TakeOptions,
} from './message-queue.ts'
export { PayloadError } from './payload-error.ts'
export type { Selector } from './selector.ts'
