import { type Checkpoint, type CheckpointQueue, type MessageView, viewsOf } from '../engine/index.ts'
import { checkCheckpoint } from './check-checkpoint.ts'
import { type IpcnsQueue, ipcnsMsgChunks } from './ipcns-msg.ts'
import { encodeIpcnsVar, type IpcVar, type KernelVariables, LINUX_VARIABLES } from './ipcns-var.ts'
import { MessageColumns } from './message-columns.ts'
import { beginMsgqFile } from './msgq-file.ts'
import { imageNames, NAMESPACE_NUMBER_DEFAULT } from './names.ts'
import type { FileSeal } from './seal.ts'

export interface EncodeOptions {
  /** N in the files' names, 0 to 2^32-1. Default 1. */
  readonly namespaceNumber?: number
  /** What `ipcns-var-N.img` holds beside message queues. Default: Linux's own defaults. */
  readonly variables?: KernelVariables
}

/** One file of an image while it is written. */
export interface ImagePart {
  readonly name: string
  /** How long it will be, about; absent where it is short. */
  readonly sizeBytes?: number
  /**
   * Its content, asked for once, after that of the parts before it. A chunk is good until the next but one.
   *
   * @param seals Those of the parts before it.
   */
  chunks(seals: ReadonlyMap<string, FileSeal>): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/**
 * A checkpoint as the files of an image, ours last. Messages are read while the chunks are asked for. Without queues
 * there is no `ipcns-msg-N.img`, as CRIU has it.
 *
 * @throws {TypeError|RangeError} It is no checkpoint, or a number is out of range: at once or, of a message, from
 *   `chunks`.
 */
export function imageParts(checkpoint: Checkpoint, options: EncodeOptions = {}): ImagePart[] {
  const names = imageNames(options.namespaceNumber ?? NAMESPACE_NUMBER_DEFAULT)
  checkCheckpoint(checkpoint)
  const { queues } = checkpoint
  const ipcns = queues.map(ipcnsQueue)
  const columns = queues.map((queue) => new MessageColumns(queue))
  const note = (message: MessageView, index: number) => columns[index]?.add(message)
  const variables = encodeIpcnsVar(ipcVar(checkpoint, options.variables ?? LINUX_VARIABLES), names.var)
  const msgqFile = beginMsgqFile(names.msgq, checkpoint, columns)
  return [
    ...(queues.length === 0
      ? []
      : [
          {
            name: names.msg,
            sizeBytes: queues.reduce((sum, { messages }) => sum + sizeOf(messages), 0),
            chunks: () => ipcnsMsgChunks(ipcns, names.msg, note),
          },
        ]),
    { name: names.var, chunks: () => [variables] },
    {
      name: names.msgq,
      async *chunks(seals) {
        yield await msgqFile(seals)
      },
    },
  ]
}

/** About what messages take in CRIU's file: what an array has is not known before it is checked. */
function sizeOf({ length, cbytes = 0 }: CheckpointQueue['messages']): number {
  return cbytes + 8 * length
}

function ipcnsQueue(queue: CheckpointQueue): IpcnsQueue<MessageView> {
  const { messages } = queue
  const { key, uid, gid, cuid, cgid, mode } = queue.perm
  return {
    key: key >>> 0,
    uid,
    gid,
    cuid,
    cgid,
    mode,
    id: queue.msqid,
    qbytes: Number(BigInt(queue.qbytes) & 0xffff_ffffn),
    messages: { length: messages.length, [Symbol.iterator]: () => viewsOf(messages)[Symbol.iterator]() },
  }
}

function ipcVar({ limits, nextId }: Checkpoint, variables: KernelVariables): IpcVar {
  const entry = { ...variables, msgCtlmax: limits.msgmax, msgCtlmnb: limits.msgmnb, msgCtlmni: limits.msgmni }
  return nextId === -1 ? entry : { ...entry, msgNextId: nextId }
}
