import { INT_MAX, LONG_MAX, type Long, S_IRWXUGO, UINT_MAX } from '../abi/index.ts'
import { ImageError } from './errors.ts'
import { encodeIpcnsMsg, type IpcnsMessage, type IpcnsQueue, isIpcnsMsg } from './ipcns-msg.ts'
import { decodeIpcnsMsg } from './ipcns-msg-decoder.ts'
import { decodeIpcnsVar, encodeIpcnsVar, type IpcVar } from './ipcns-var.ts'
import { BASE64, base64AsBytes, bytesAsBase64, JsonObject } from './json-line.ts'
import type { Uint64 } from './protobuf.ts'
import { readIpcVar, variableMembers } from './variables-json.ts'

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

/** Python's base64.encodebytes() ends a line after this much, and the last one too. Source: Lib/base64.py, MAXLINESIZE. */
const BASE64_LINE = /.{1,76}/g

/**
 * A file of CRIU's as crit's JSON, character for character what `crit decode` writes into a file. As crit does, it leaves
 * out the fields of a newer CRIU.
 *
 * @param bytes An `ipcns-msg-N.img` or an `ipcns-var-N.img`: its magic number says which.
 * @throws {ImageError} It is neither, cut short or damaged.
 */
export function critJsonOf(bytes: Uint8Array, file = 'ipcns.img'): string {
  if (isIpcnsMsg(bytes)) {
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
      const ids = new Set<number>()
      for (const { id } of queues) {
        if (ids.has(id)) throw whole.error('each queue once', id)
        ids.add(id)
      }
      return encodeIpcnsMsg(queues, file)
    }
    default: {
      if (entries.length !== 1) throw whole.member('entries', 'one entry')
      return encodeIpcnsVar(readIpcVar(entry(entries[0], 0)), file)
    }
  }
}

function queueJson({ messages, qbytes, key, uid, gid, cuid, cgid, mode, id }: IpcnsQueue): string {
  const desc = pairs({ key, uid, gid, cuid, cgid, mode, id })
  const extra = Array.from(messages, ({ mtype, mtext }) => {
    const lines = bytesAsBase64(mtext).replace(BASE64_LINE, '$&\\n')
    return `${pairs({ mtype, msize: mtext.length })}, "${lines}"`
  })
  const head = `"desc": ${desc}, "qbytes": ${qbytes}, "qnum": ${messages.length}`
  // A queue without messages has an empty list: crit's handler makes one of every entry.
  return `{${head}, "extra": [${extra.join(', ')}]}`
}

function variablesJson(entry: IpcVar): string {
  const { length } = '{'
  return `{"sem_ctls": [${entry.semCtls.join(', ')}], ${pairs(variableMembers(entry)).slice(length)}`
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

/** Numbers that JavaScript would round become strings of digits; no string of crit's has a colon or a bracket. */
function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/([:[,]\s*)(\d{16,20})(?=\s*[,\]}])/g, '$1"$2"'))
  } catch {
    throw notJson(text, file)
  }
}

/** Where text stops being JSON: asked of the text as it is, whose places are those of the file. */
function notJson(text: string, file: string): ImageError {
  let cause: unknown
  try {
    JSON.parse(text)
  } catch (error) {
    cause = error
  }
  const [, position] = /position (\d+)/.exec(String(cause)) ?? []
  // V8 tells the place of some faults alone.
  return new ImageError(file, "crit's JSON", position === undefined ? { cause } : { offset: Number(position), cause })
}
