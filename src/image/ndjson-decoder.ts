// Default exports alone: a bundler for browsers stubs these modules, and finds no names in the stub.
import crypto from 'node:crypto'
import { INT_MAX, INT_MIN, IPCMNI, LONG_MAX, S_IRWXUGO, UINT_MAX } from '../abi/index.ts'
import {
  type CheckpointQueue,
  type IdentifierCursor,
  type Limits,
  MessagePacker,
  type WaitingCall,
} from '../engine/index.ts'
import { faultOf } from './check-checkpoint.ts'
import { ChunkReader, type FileDecoder } from './chunk-reader.ts'
import type { Image } from './image-assembly.ts'
import type { KernelVariables } from './ipcns-var.ts'
import { BASE64, base64AsBytes, type JsonObject, parseLine } from './json-line.ts'
import { readIdentifiers, SHA256 } from './msgq-file.ts'
import { NDJSON_FORMAT, NDJSON_VERSION } from './ndjson.ts'
import { present } from './present.ts'
import { readKernelVariables } from './variables-json.ts'
import { readWaiting } from './waiting-line.ts'

/** A longer line would be near the longest string that V8 has: 2^29 characters. */
const LINE_BYTES_MAX = 2 ** 28

const NEWLINE = 0x0a

interface Header {
  readonly namespaceNumber: number
  readonly time: number
  readonly limits: Limits
  readonly nextId: number
  readonly identifiers?: IdentifierCursor
  readonly variables: KernelVariables
  readonly queues: number
  readonly waiting: number
}

interface OpenQueue {
  readonly queue: Omit<CheckpointQueue, 'messages'>
  readonly qnum: number
  readonly messages: MessagePacker
  lastSequence: number
}

/** Reads an image of `imageAsNdjson`, line by line, packing messages as they come. */
export class NdjsonDecoder implements FileDecoder<Image> {
  readonly #reader: ChunkReader
  /** Bytes of the line at which the reader is that have no newline. */
  #searched = 0
  readonly #hash = crypto.createHash('sha256')
  #header: Header | undefined
  #open: OpenQueue | undefined
  readonly #queues = new Map<number, CheckpointQueue>()
  readonly #waiting: WaitingCall[] = []
  #hasEnded = false

  /** @param file What to call it in errors. */
  constructor(file: string) {
    this.#reader = new ChunkReader(file)
  }

  feed(chunk: Uint8Array): void {
    const reader = this.#reader
    reader.feed(chunk)
    // The window may have room for much more: to search that too, with each chunk of a long line, takes minutes.
    const fed = reader.window.subarray(0, reader.end)
    for (let end = this.#endOfLine(fed); end !== -1; end = this.#endOfLine(fed)) {
      if (this.#hasEnded) throw reader.error('the end of the file')
      const { position, window } = reader
      this.#line(parseLine(reader.file, reader.origin + position, 'line', window.subarray(position, end)))
      reader.skip(end + 1 - position)
      this.#hash.update(window.subarray(position, end + 1))
    }
    reader.letGo()
  }

  end(): Image {
    const reader = this.#reader
    if (!this.#hasEnded || reader.position < reader.end) throw reader.error('a last line that ends', reader.end)
    const { namespaceNumber, variables, queues: _, waiting: __, ...header } = this.#header as Header
    const checkpoint = { ...header, queues: [...this.#queues.values()], waiting: this.#waiting }
    return { checkpoint, missing: [], namespaceNumber, variables }
  }

  /** Where the newline is; -1 where the line goes on in the next chunk. */
  #endOfLine(fed: Uint8Array): number {
    const { position } = this.#reader
    const at = fed.indexOf(NEWLINE, position + this.#searched)
    this.#searched = at === -1 ? fed.length - position : 0
    if (this.#searched > LINE_BYTES_MAX) throw this.#reader.error(`a line of at most ${LINE_BYTES_MAX} bytes`)
    return at
  }

  #line(line: JsonObject): void {
    if (this.#header === undefined) this.#header = readHeader(line)
    else if (line.has('sha256') || line.has('end')) this.#end(line, this.#header)
    else if (line.has('queue')) this.#queue(line)
    else if (line.has('waiting')) {
      line.only('waiting')
      this.#waiting.push(readWaiting(line.object('waiting')))
    } else this.#message(line)
  }

  #queue(line: JsonObject): void {
    line.only('queue')
    this.#close(line)
    this.#open = readQueue(line.object('queue'))
    const { msqid } = this.#open.queue
    if (this.#queues.has(msqid)) throw line.error('each queue once', msqid)
  }

  #message(line: JsonObject): void {
    const open = this.#open
    if (open === undefined || open.messages.length === open.qnum) {
      throw line.error(`no more messages than the ${open?.qnum ?? 0} of the queue before`, line.names())
    }
    const message = readMessage(line)
    const fault = faultOf(message, open.lastSequence)
    if (fault !== undefined) throw line.error(fault, line.names())
    open.messages.append(message)
    if (message.sequence !== undefined) open.lastSequence = message.sequence
  }

  /** Ends the queue that is read. */
  #close(line: JsonObject): void {
    if (this.#open === undefined) return
    const { queue, qnum, messages, lastSequence } = this.#open
    if (messages.length < qnum) throw line.error(`${qnum} messages before it`, messages.length)
    if (lastSequence > (queue.lastSequence ?? lastSequence)) {
      throw line.error(`the lastSequence of the queue before it to be at least ${lastSequence}`, queue.lastSequence)
    }
    this.#queues.set(queue.msqid, { ...queue, messages: messages.packed() })
    this.#open = undefined
  }

  #end(line: JsonObject, header: Header): void {
    this.#close(line)
    const [queues, waiting] = [this.#queues.size, this.#waiting.length]
    if (queues !== header.queues || waiting !== header.waiting) {
      const expected = `${header.queues} queues and ${header.waiting} waiting calls before it`
      throw line.error(expected, `${queues} and ${waiting}`)
    }
    this.#hasEnded = true
    if (line.has('end')) {
      line.only('end')
      if (!line.boolean('end')) throw line.member('end', 'true')
      return
    }
    line.only('sha256')
    const [expected, found] = [line.string('sha256', SHA256), this.#hash.copy().digest('hex')]
    if (found !== expected) throw line.error(`the lines before to have the SHA-256 ${expected}`, found)
  }
}

function readHeader(line: JsonObject): Header {
  if (!line.has('format')) throw line.error(`a header of ${NDJSON_FORMAT}`, line.names())
  line.string('format', new RegExp(`^${NDJSON_FORMAT}$`))
  const version = line.integer('version', 1, Number.MAX_SAFE_INTEGER)
  if (version > NDJSON_VERSION) {
    throw line.error(`format version ${NDJSON_VERSION} or older: a newer msgq wrote it`, version)
  }
  const names = ['format', 'version', 'number', 'time', 'limits', 'nextId', 'variables', 'queues', 'waiting']
  line.only(...names, 'identifiers')
  const limits = line.object('limits')
  const limit = (name: string) => limits.integer(name, 0, INT_MAX)
  return {
    namespaceNumber: line.integer('number', 0, UINT_MAX),
    time: line.integer('time', 0, Number.MAX_SAFE_INTEGER),
    limits: { msgmax: limit('msgmax'), msgmnb: limit('msgmnb'), msgmni: limit('msgmni') },
    nextId: line.integer('nextId', -1, INT_MAX),
    ...(line.has('identifiers') && { identifiers: readIdentifiers(line.object('identifiers')) }),
    variables: readKernelVariables(line.object('variables')),
    queues: line.integer('queues', 0, IPCMNI),
    waiting: line.integer('waiting', 0, Number.MAX_SAFE_INTEGER),
  }
}

function readQueue(line: JsonObject): OpenQueue {
  const times = ['stime', 'rtime', 'ctime', 'lastSequence'] as const
  const pids = ['lspid', 'lrpid'] as const
  const ids = ['uid', 'gid', 'cuid', 'cgid']
  line.only('msqid', 'key', ...ids, 'mode', 'qbytes', ...times, ...pids, 'copyCounter', 'messages')
  const id = (name: string) => line.integer(name, 0, UINT_MAX)
  const optional = (name: string, most: number) => line.optionalInteger(name, 0, most)
  const told = {
    ...Object.fromEntries(times.map((name) => [name, optional(name, Number.MAX_SAFE_INTEGER)])),
    ...Object.fromEntries(pids.map((name) => [name, optional(name, INT_MAX)])),
    copyCounter: optional('copyCounter', UINT_MAX),
  }
  const queue = {
    msqid: line.integer('msqid', 0, INT_MAX),
    perm: {
      key: line.integer('key', INT_MIN, INT_MAX),
      uid: id('uid'),
      gid: id('gid'),
      cuid: id('cuid'),
      cgid: id('cgid'),
      mode: line.integer('mode', 0, S_IRWXUGO),
    },
    // Above 2^53 a sign-extended int is a whole number still.
    qbytes: line.integer('qbytes', 0, 2 ** 64),
    ...present(told),
  }
  return { queue, qnum: line.integer('messages', 0, UINT_MAX), messages: new MessagePacker(), lastSequence: 0 }
}

function readMessage(line: JsonObject) {
  line.only('type', 'sequence', 'sender', 'time', 'encoding', 'payload')
  const mtype = line.long('type')
  if (mtype < 1) throw line.member('type', `a type from 1 to ${LONG_MAX}`)
  const isText = line.string('encoding', /^(utf-8|base64)$/) === 'utf-8'
  const payload = line.string('payload', isText ? /^/ : BASE64)
  const sender = line.has('sender') ? line.object('sender') : undefined
  sender?.only('pid', 'uid')
  return {
    mtype,
    mtext: isText ? new TextEncoder().encode(payload) : base64AsBytes(payload),
    sequence: line.optionalInteger('sequence', 1, Number.MAX_SAFE_INTEGER),
    sender: sender && { pid: sender.integer('pid', 0, INT_MAX), uid: sender.integer('uid', 0, UINT_MAX) },
    time: line.optionalInteger('time', 0, Number.MAX_SAFE_INTEGER),
  }
}
