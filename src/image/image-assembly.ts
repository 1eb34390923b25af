import { INT_MAX } from '../abi/index.ts'
import type { Checkpoint, CheckpointQueue, Limits } from '../engine/index.ts'
import { type FileDecoder, WholeFile } from './chunk-reader.ts'
import { ImageError } from './errors.ts'
import { IpcnsMsgDecoder } from './ipcns-msg-decoder.ts'
import { decodeIpcnsVar, type IpcVar, type KernelVariables, LINUX_IPC_VAR } from './ipcns-var.ts'
import type { MsgqFile } from './msgq-file.ts'
import { type ImageNames, imageNames } from './names.ts'
import { QueuesDecoder } from './queues-decoder.ts'
import { readWaiting } from './waiting-line.ts'

/** What an image does not tell. */
export interface MissingField {
  readonly field: string
  readonly reason: string
}

/** An image, read. */
export interface Image {
  readonly checkpoint: Checkpoint
  /** What only our own file tells, when it is not there; nothing when it is. */
  readonly missing: readonly MissingField[]
  readonly namespaceNumber: number
  /** What `ipcns-var-N.img` holds beside message queues. */
  readonly variables: KernelVariables
}

/** Makes an image of its files, the seals of which somebody else checks. */
export class ImageAssembly {
  readonly #namespaceNumber: number
  readonly #names: ImageNames
  readonly #msgq: MsgqFile | undefined
  #queues: readonly CheckpointQueue[] | undefined
  #variables: IpcVar | undefined

  constructor(namespaceNumber: number, msgq: MsgqFile | undefined) {
    this.#namespaceNumber = namespaceNumber
    this.#names = imageNames(namespaceNumber)
    this.#msgq = msgq
  }

  /**
   * A new one for each attempt to read a file: what its `end` was reached with counts.
   *
   * @param file What to call it in errors.
   */
  decoder(name: string, file: string = name): FileDecoder<void> {
    switch (name) {
      case this.#names.msg: {
        const queues = new QueuesDecoder(this.#names.msgq, this.#msgq?.queues)
        return ending(new IpcnsMsgDecoder(file, queues), (made) => {
          this.#queues = made
        })
      }
      case this.#names.var:
        return ending(new WholeFile(file), (bytes) => {
          this.#variables = decodeIpcnsVar(bytes, file)
        })
      default:
        return NOTHING
    }
  }

  /** @throws {ImageError} A file is missing, or they do not belong together. */
  image(): Image {
    const msgq = this.#msgq
    if (msgq === undefined && this.#queues === undefined && this.#variables === undefined) throw noFile(this.#names)
    const queues = this.#queues ?? new QueuesDecoder(this.#names.msgq, msgq?.queues).end()
    const { msgCtlmax, msgCtlmnb, msgCtlmni, msgNextId, ...variables } = this.#variables ?? LINUX_IPC_VAR
    const limits = readLimits(this.#names.var, { msgmax: msgCtlmax, msgmnb: msgCtlmnb, msgmni: msgCtlmni })
    const namespaceNumber = this.#namespaceNumber
    if (msgq === undefined) {
      const missing = this.#variables === undefined ? [...FORGOTTEN, NO_VARIABLES] : FORGOTTEN
      // CRIU leaves -1, none pending, out; a u32 that is -1 as an int means the same.
      const nextId = Math.max((msgNextId ?? -1) | 0, -1)
      return { checkpoint: { time: 0, limits, nextId, queues, waiting: [] }, missing, namespaceNumber, variables }
    }
    const { time, nextId, identifiers } = msgq
    const checkpoint: Checkpoint = {
      time,
      limits,
      nextId,
      ...(identifiers !== undefined && { identifiers }),
      queues,
      waiting: msgq.waiting.map(readWaiting),
    }
    return { checkpoint, missing: [], namespaceNumber, variables }
  }
}

/** Of a file that only its seal is wanted of. */
export const NOTHING: FileDecoder<void> = { feed: () => undefined, end: () => undefined }

function ending<Made>(decoder: FileDecoder<Made>, take: (made: Made) => void): FileDecoder<void> {
  return { feed: (chunk) => decoder.feed(chunk), end: () => take(decoder.end()) }
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

function readLimits(file: string, limits: Limits): Limits {
  for (const limit of Object.values(limits)) {
    if (limit > INT_MAX) throw new ImageError(file, `limits of at most ${INT_MAX}`, { found: `${limit}` })
  }
  return limits
}
