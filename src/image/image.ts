import { INT_MAX } from '../abi/index.ts'
import type { Checkpoint, Limits } from '../engine/index.ts'
import { checkCheckpoint } from './check-checkpoint.ts'
import { ImageError } from './errors.ts'
import { decodeIpcnsMsg, encodeIpcnsMsg, type IpcnsQueue } from './ipcns-msg.ts'
import {
  decodeIpcnsVar,
  encodeIpcnsVar,
  type IpcVar,
  type KernelVariables,
  LINUX_IPC_VAR,
  LINUX_VARIABLES,
} from './ipcns-var.ts'
import { beginMsgqFile, type MsgqFile, readMsgqFile } from './msgq-file.ts'
import { type ImageNames, imageNames, NAMESPACE_NUMBER_DEFAULT, namespaceNumbers } from './names.ts'
import { queueWithoutLine, readQueueLine } from './queue-line.ts'
import { type FileSeal, sealOf } from './seal.ts'
import { readWaiting } from './waiting-line.ts'

/** An image as bytes: each file's name and content, our own last. */
export type ImageFiles = ReadonlyMap<string, Uint8Array>

export interface EncodeOptions {
  /** N in the files' names, 0 to 2^32-1. Default 1. */
  readonly namespaceNumber?: number
  /** What `ipcns-var-N.img` holds beside message queues. Default: Linux's own defaults. */
  readonly variables?: KernelVariables
}

/** What an image does not tell. */
export interface MissingField {
  readonly field: string
  readonly reason: string
}

/** An image, read. */
export interface Image {
  /** The payloads are views of the file's bytes. */
  readonly checkpoint: Checkpoint
  /** What only our own file tells, when it is not there; nothing when it is. */
  readonly missing: readonly MissingField[]
  readonly namespaceNumber: number
  /** What `ipcns-var-N.img` holds beside message queues. */
  readonly variables: KernelVariables
}

/**
 * Puts a checkpoint into the files of an image. Everything of the checkpoint is read before this returns its promise,
 * so its bytes may change afterwards.
 *
 * @returns The files, ours last. Without queues there is no `ipcns-msg-N.img`, as CRIU has it.
 * @throws {TypeError|RangeError} It is no checkpoint, or a number is out of range.
 * @throws {ImageError} A file would have more than 2^31-1 bytes.
 */
export async function encodeImage(checkpoint: Checkpoint, options: EncodeOptions = {}): Promise<ImageFiles> {
  const names = imageNames(options.namespaceNumber ?? NAMESPACE_NUMBER_DEFAULT)
  checkCheckpoint(checkpoint)
  const files = new Map<string, Uint8Array>()
  const { queues } = checkpoint
  if (queues.length > 0) files.set(names.msg, encodeIpcnsMsg(queues.map(ipcnsQueue), names.msg))
  files.set(names.var, encodeIpcnsVar(ipcVar(checkpoint, options.variables ?? LINUX_VARIABLES), names.var))
  const finishMsgqFile = beginMsgqFile(names.msgq, checkpoint)

  const seals = new Map<string, FileSeal>()
  for (const [name, bytes] of files) seals.set(name, await sealOf(bytes))
  files.set(names.msgq, await finishMsgqFile(seals))
  return files
}

/**
 * Reads the files of an image: ours and CRIU's, or CRIU's own.
 *
 * @param files Each file's name and content. Others than an image's are left alone.
 * @throws {ImageError} There is no image, or several and no `namespaceNumber`; a file is cut short, damaged, of another
 *   kind or of a newer format, or is not the one that our file names.
 */
export async function decodeImage(
  files: ImageFiles,
  options: { readonly namespaceNumber?: number } = {},
): Promise<Image> {
  const namespaceNumber = options.namespaceNumber ?? onlyNumber('image', namespaceNumbers(files.keys()))
  const names = imageNames(namespaceNumber)
  const msgqBytes = files.get(names.msgq)
  if (msgqBytes === undefined) return assembleImage(namespaceNumber, undefined, files)
  const msgq = await readMsgqFile(names.msgq, msgqBytes)
  for (const [name, seal] of msgq.files) {
    const bytes = files.get(name)
    const found = bytes === undefined ? undefined : await sealOf(bytes)
    if (found?.sha256 !== seal.sha256) throw sealError(name, seal, found)
  }
  return assembleImage(namespaceNumber, msgq, files)
}

/** The number of the only namespace that there is. `place` is what to call the whole in errors. */
export function onlyNumber(place: string, numbers: readonly number[]): number {
  const [first, ...others] = numbers
  if (first === undefined) throw new ImageError(place, 'ipcns-msg-N.img, ipcns-var-N.img or msgq-N.ndjson')
  if (others.length === 0) return first
  throw new ImageError(place, 'one image: say which with namespaceNumber', { found: `numbers ${numbers.join(', ')}` })
}

/** The error of a file that is not the one that our file names. */
export function sealError(name: string, seal: FileSeal, found: FileSeal | undefined): ImageError {
  const expected = `the ${seal.sizeBytes} bytes that msgq wrote, SHA-256 ${seal.sha256}`
  if (found === undefined) return new ImageError(name, expected, { found: 'no such file' })
  if (found.sizeBytes === seal.sizeBytes) return new ImageError(name, expected, { found: `SHA-256 ${found.sha256}` })
  const offset = Math.min(found.sizeBytes, seal.sizeBytes)
  return new ImageError(name, expected, { offset, found: `${found.sizeBytes} bytes` })
}

/** Joins files whose seals were checked. */
export function assembleImage(namespaceNumber: number, msgq: MsgqFile | undefined, files: ImageFiles): Image {
  const names = imageNames(namespaceNumber)
  const named = (name: string) => (msgq === undefined || msgq.files.has(name) ? files.get(name) : undefined)
  const msgBytes = named(names.msg)
  const varBytes = named(names.var)
  if (msgq === undefined && msgBytes === undefined && varBytes === undefined) throw noFile(names)
  const queues = msgBytes === undefined ? [] : decodeIpcnsMsg(msgBytes, names.msg)
  const entry = varBytes === undefined ? LINUX_IPC_VAR : decodeIpcnsVar(varBytes, names.var)
  const { msgCtlmax, msgCtlmnb, msgCtlmni, msgNextId, ...variables } = entry
  const limits = readLimits(names.var, entry)
  if (msgq === undefined) {
    const missing = varBytes === undefined ? [...FORGOTTEN, NO_VARIABLES] : FORGOTTEN
    // CRIU leaves -1, none pending, out; a u32 that is -1 as an int means the same.
    const nextId = (msgNextId ?? -1) | 0
    const checkpoint = {
      time: 0,
      limits,
      nextId: Math.max(nextId, -1),
      queues: queues.map(queueWithoutLine),
      waiting: [],
    }
    return { checkpoint, missing, namespaceNumber, variables }
  }
  if (queues.length !== msgq.queues.length) {
    throw new ImageError(names.msgq, `${queues.length} queues, as in CRIU's file`, { found: `${msgq.queues.length}` })
  }
  const { time, nextId, identifiers } = msgq
  const checkpoint: Checkpoint = {
    time,
    limits,
    nextId,
    ...(identifiers !== undefined && { identifiers }),
    queues: msgq.queues.flatMap((line, index) => {
      const queue = queues[index]
      return queue === undefined ? [] : [readQueueLine(line, queue)]
    }),
    waiting: msgq.waiting.map(readWaiting),
  }
  return { checkpoint, missing: [], namespaceNumber, variables }
}

const CRIU_FORGETS = 'CRIU does not keep it'

/** What CRIU's files do not tell. */
const FORGOTTEN: readonly MissingField[] = [
  { field: 'qbytes', reason: 'CRIU keeps its low 32 bits' },
  ...[
    'time',
    'identifiers',
    'stime',
    'rtime',
    'ctime',
    'lspid',
    'lrpid',
    'copyCounter',
    'lastSequence',
    'sequence',
    'sender',
    'waiting',
  ].map((field) => ({ field, reason: CRIU_FORGETS })),
]

const NO_VARIABLES: MissingField = { field: 'limits', reason: "there is no ipcns-var-N.img: Linux's defaults" }

function noFile(names: ImageNames): ImageError {
  return new ImageError(names.msgq, `a file of an image: it, ${names.msg} or ${names.var}`, { found: 'none' })
}

function ipcnsQueue(queue: Checkpoint['queues'][number]): IpcnsQueue {
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
    messages: queue.messages,
  }
}

function ipcVar({ limits, nextId }: Checkpoint, variables: KernelVariables): IpcVar {
  const entry = { ...variables, msgCtlmax: limits.msgmax, msgCtlmnb: limits.msgmnb, msgCtlmni: limits.msgmni }
  return nextId === -1 ? entry : { ...entry, msgNextId: nextId }
}

function readLimits(file: string, { msgCtlmax, msgCtlmnb, msgCtlmni }: IpcVar): Limits {
  for (const limit of [msgCtlmax, msgCtlmnb, msgCtlmni]) {
    if (limit > INT_MAX) throw new ImageError(file, `limits of at most ${INT_MAX}`, { found: `${limit}` })
  }
  return { msgmax: msgCtlmax, msgmnb: msgCtlmnb, msgmni: msgCtlmni }
}
