/** Entries, completions, frames and an engine's state as bytes. Runs anywhere; imports nothing of Node's. */
export { type ByteReader, decodeWhole } from './byte-reader.ts'
export { ByteWriter } from './byte-writer.ts'
export type { SpokenFor } from './callers.ts'
export { CheckpointBuilder, checkpointParts, queueChunks, waitingParts } from './checkpoint-parts.ts'
export {
  type CallFrame,
  type ClientFrame,
  decodeClientFrame,
  type HelloFrame,
  type HistoryFrame,
  type PastFrame,
  type RequestFrame,
  type RequestName,
} from './client-frames.ts'
export { decodeCompletion, decodeEntry, encodeCaller, encodeCompletion, encodeEntry, writeEntry } from './entries.ts'
export { WireError } from './errors.ts'
export { FrameReader } from './frame-reader.ts'
export { FrameWriter } from './frames.ts'
export {
  ENTRY_BYTES_MAX,
  FRAME_BYTES_MAX,
  HELLO_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  PART_BYTES,
  STATE_PIECE_BYTES_MAX,
} from './limits.ts'
export type { AnswerValue, RestoredReport } from './outcomes.ts'
export {
  type AnswerFrame,
  type CheckpointPart,
  decodeServerFrame,
  type HistoryPart,
  type RefusalDetails,
  type ServerFrame,
  type WelcomeFrame,
} from './server-frames.ts'
export { agreedVersion, MAX_VERSION, MIN_VERSION, SECRET_BYTES, type SessionKey } from './session.ts'
export { decodeState, encodeState, StateReader } from './state.ts'
