import { INT_MAX, LONG_MAX, type Long, S_IRWXUGO, UINT_MAX } from '../abi/index.ts'
import { ImageError } from './errors.ts'
import { decodeIpcnsMsg, encodeIpcnsMsg, type IpcnsMessage, type IpcnsQueue } from './ipcns-msg.ts'
import { decodeIpcnsVar, encodeIpcnsVar, type IpcVar } from './ipcns-var.ts'
import { BASE64, base64AsBytes, bytesAsBase64, JsonObject } from './json-line.ts'
import { present } from './present.ts'
import type { Uint64 } from './protobuf.ts'

/**
 * The JSON that CRIU's tool `crit decode` prints, and `crit encode` reads:
 *
 *   { "magic": "IPCNS_MSG", "entries": [{ "desc": { … }, "qbytes", "qnum", "extra": [{ "mtype", "msize" }, "base64\n", … ] }] }
 *   { "magic": "IPC_VAR", "entries": [{ "sem_ctls": [ … ], "msg_ctlmax", … }] }
 *
 * Source: CRIU, lib/pycriu/images/images.py, ipc_msg_queue_handler.
 */

const MSG = 'IPCNS_MSG'
const VAR = 'IPC_VAR'

/** The second magic number of `ipcns-msg-N.img`, low byte first. */
const MSG_MAGIC = [0x37, 0x37, 0x45, 0x55]

/** Python's base64.encodebytes() ends a line after this much, and the last one too. Source: Lib/base64.py, MAXLINESIZE. */
const BASE64_LINE = /.{1,76}/g

const VAR_FIELDS: readonly (readonly [name: keyof IpcVar, kind: 'uint32' | 'uint64' | 'optional'])[] = [
  ['msgCtlmax', 'uint32'],
  ['msgCtlmnb', 'uint32'],
  ['msgCtlmni', 'uint32'],
  ['autoMsgmni', 'uint32'],
  ['shmCtlmax', 'uint64'],
  ['shmCtlall', 'uint64'],
  ['shmCtlmni', 'uint32'],
  ['shmRmidForced', 'uint32'],
  ['mqQueuesMax', 'uint32'],
  ['mqMsgMax', 'uint32'],
  ['mqMsgsizeMax', 'uint32'],
  ['mqMsgDefault', 'optional'],
  ['mqMsgsizeDefault', 'optional'],
  ['msgNextId', 'optional'],
  ['semNextId', 'optional'],
  ['shmNextId', 'optional'],
]

/**
 * A file of CRIU's as crit's JSON, character for character what `crit decode` writes into a file. As crit does, it leaves
 * out the fields of a newer CRIU.
 *
 * @param bytes An `ipcns-msg-N.img` or an `ipcns-var-N.img`: its magic number says which.
 * @throws {ImageError} It is neither, cut short or damaged.
 */
export function critJsonOf(bytes: Uint8Array, file = 'ipcns.img'): string {
  if (MSG_MAGIC.every((byte, index) => bytes[4 + index] === byte)) {
    return `{"magic": "${MSG}", "entries": [${decodeIpcnsMsg(bytes, file).map(queueJson).join(', ')}]}`
  }
  return `{"magic": "${VAR}", "entries": [${variablesJson(decodeIpcnsVar(bytes, file))}]}`
}

/**
 * The file of CRIU's that crit's JSON tells, byte for byte what `crit encode` writes.
 *
 * @param file What to call the JSON in errors.
 * @throws {ImageError} It is no JSON of an `ipcns-msg` or an `ipcns-var`.
 */
export function critJsonAsImage(text: string, file = 'crit.json'): Uint8Array {
  const whole = new JsonObject(file, 0, 'the file', parse(text, file))
  const entries = whole.array('entries')
  const entry = (value: unknown, index: number) => new JsonObject(file, 0, `entries[${index}]`, value)
  switch (whole.string('magic', /^(IPCNS_MSG|IPC_VAR)$/)) {
    case MSG: {
      const queues = entries.map((value, index) => readQueue(file, entry(value, index), `entries[${index}]`))
      // What it says is checked as the file's reader checks it: an id that is there twice, for instance.
      const bytes = encodeIpcnsMsg(queues, file)
      decodeIpcnsMsg(bytes, file)
      return bytes
    }
    default: {
      if (entries.length !== 1) throw whole.member('entries', 'one entry')
      return encodeIpcnsVar(readVariables(entry(entries[0], 0)), file)
    }
  }
}

function queueJson({ messages, qbytes, key, uid, gid, cuid, cgid, mode, id }: IpcnsQueue): string {
  const desc = pairs({ key, uid, gid, cuid, cgid, mode, id })
  const extra = messages.map(({ mtype, mtext }) => {
    const lines = bytesAsBase64(mtext).replace(BASE64_LINE, '$&\\n')
    return `${pairs({ mtype, msize: mtext.length })}, "${lines}"`
  })
  const head = `"desc": ${desc}, "qbytes": ${qbytes}, "qnum": ${messages.length}`
  // A queue without messages has an empty list: crit's handler makes one of every entry.
  return `{${head}, "extra": [${extra.join(', ')}]}`
}

function variablesJson(entry: IpcVar): string {
  const rest = Object.fromEntries(VAR_FIELDS.map(([name]) => [snake(name), entry[name] as Uint64 | undefined]))
  const { length } = '{'
  return `{"sem_ctls": [${entry.semCtls.join(', ')}], ${pairs(rest).slice(length)}`
}

/** As Python's json.dump() writes a dict of integers. */
function pairs(values: Record<string, Uint64 | undefined>): string {
  const told = Object.entries(values).filter(([, value]) => value !== undefined)
  return `{${told.map(([name, value]) => `"${name}": ${value}`).join(', ')}}`
}

function readQueue(file: string, entry: JsonObject, path: string): IpcnsQueue {
  const desc = entry.object('desc')
  const extra = entry.array('extra')
  const qnum = entry.integer('qnum', 0, UINT_MAX)
  if (extra.length !== qnum * 2) throw entry.error(`${path}.extra to have ${qnum} messages`, extra.length / 2)
  const messages: IpcnsMessage[] = []
  for (let index = 0; index < extra.length; index += 2) {
    const header = new JsonObject(file, 0, `${path}.extra[${index}]`, extra[index])
    const mtype: Long = header.long('mtype')
    if (mtype < 1) throw header.member('mtype', `a type from 1 to ${LONG_MAX}`)
    const base64 = extra[index + 1]
    const packed = typeof base64 === 'string' ? base64.replaceAll('\n', '') : '-'
    if (!BASE64.test(packed)) throw entry.error(`${path}.extra[${index + 1}] to be base64`, base64)
    const mtext = base64AsBytes(packed)
    if (header.integer('msize', 0, UINT_MAX) !== mtext.length)
      throw header.member('msize', `${mtext.length}, as its bytes`)
    messages.push({ mtype, mtext })
  }
  const uint32 = (name: string) => desc.integer(name, 0, UINT_MAX)
  return {
    key: uint32('key'),
    uid: uint32('uid'),
    gid: uint32('gid'),
    cuid: uint32('cuid'),
    cgid: uint32('cgid'),
    mode: desc.integer('mode', 0, S_IRWXUGO),
    id: desc.integer('id', 0, INT_MAX),
    qbytes: entry.integer('qbytes', 0, UINT_MAX),
    messages,
  }
}

function readVariables(entry: JsonObject): IpcVar {
  const semCtls = entry.array('sem_ctls')
  const isUint32 = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= UINT_MAX
  if (semCtls.length !== 4 || !semCtls.every(isUint32)) throw entry.member('sem_ctls', 'four numbers of 32 bits')
  const rest = VAR_FIELDS.map(([name, kind]): [string, Uint64 | undefined] => {
    if (kind === 'uint64') return [name, uint64(entry, snake(name))]
    if (kind === 'optional') return [name, entry.optionalInteger(snake(name), 0, UINT_MAX)]
    return [name, entry.integer(snake(name), 0, UINT_MAX)]
  })
  return { semCtls, ...present(Object.fromEntries(rest)) } as unknown as IpcVar
}

function uint64(entry: JsonObject, name: string): Uint64 {
  const text = entry.digits(name)
  const value = BigInt(text)
  if (value >= 2n ** 64n) throw entry.member(name, 'of at most 64 bits')
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

/** Numbers that JavaScript would round become strings of digits; no string of crit's has a colon or a bracket. */
function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/([:[,]\s*)(\d{16,20})(?=\s*[,\]}])/g, '$1"$2"'))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    const [, position] = /position (\d+)/.exec(cause.message) ?? []
    throw new ImageError(file, "crit's JSON", { offset: Number(position ?? text.length), cause })
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
