/** A checkpoint as bytes and as a directory: CRIU's ipcns-*.img, and ours beside them. */

export { type ImageKind, imageKindAt, readImageAt, readImageBytes, readImageStream } from './any-image.ts'
export { IMAGE_FILE_BYTES_MAX } from './byte-writer.ts'
export { critJsonAsImage, critJsonOf } from './crit-json.ts'
export {
  diffImages,
  diffInSteps,
  type FieldChange,
  type ImageDiff,
  type MessageChange,
  type QueueDiff,
} from './diff.ts'
export { readImage, type WriteOptions, writeImage } from './directory.ts'
export { ImageError, type ImageErrorDetails } from './errors.ts'
export { decodeImage, encodeImage, type ImageFiles } from './image.ts'
export type { Image, MissingField } from './image-assembly.ts'
export type { EncodeOptions } from './image-parts.ts'
export { encodeIpcnsMsg, type IpcnsMessage, type IpcnsQueue } from './ipcns-msg.ts'
export { decodeIpcnsMsg } from './ipcns-msg-decoder.ts'
export {
  decodeIpcnsVar,
  encodeIpcnsVar,
  type IpcVar,
  type KernelVariables,
  LINUX_IPC_VAR,
  LINUX_VARIABLES,
} from './ipcns-var.ts'
export { IMAGE_VERSION } from './msgq-file.ts'
export { imageAsNdjson, NDJSON_VERSION } from './ndjson.ts'
export { NdjsonDecoder } from './ndjson-decoder.ts'
export type { Uint64 } from './protobuf.ts'
