/** What is shown of a namespace, as plain data: for a page, over HTTP or in the same browser. */
export { fromBase64, toBase64 } from './base64.ts'
export { byOrder, columnsThere, QUEUE_COLUMNS, type QueueColumn, type QueueOrder } from './columns.ts'
export { IMAGES_BYTES_MAX } from './image-shelf.ts'
export { type Call, isCall, NamespaceView, type ViewOptions } from './namespace-view.ts'
export type { CallAnswers, CallParameters, ImageFile, PageSource } from './page-source.ts'
export { Sampler } from './sampler.ts'
export type {
  About,
  Counts,
  Filter,
  LimitsSeen,
  LogLine,
  MessageSeen,
  Place,
  QueueSeen,
  Scanned,
  Seen,
  WaitSeen,
  WholeMessage,
} from './seen.ts'
export type {
  ChoiceSeen,
  DiffSeen,
  ImageOrigin,
  ImageQueueSeen,
  ImageSeen,
  MessageChangeSeen,
  PlanSeen,
  QueueDiffSeen,
} from './seen-image.ts'
export { ageWords, bytesWords, fieldWords, instantWords, modeWords, NONE, shareOf, waitWords } from './words.ts'
