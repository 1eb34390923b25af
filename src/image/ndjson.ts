// Default exports alone: a bundler for browsers stubs these modules, and finds no names in the stub.
import crypto from 'node:crypto'
import { type CheckpointQueue, type MessageView, viewsOf } from '../engine/index.ts'
import { ByteWriter, CHUNK_BYTES } from './byte-writer.ts'
import type { Image } from './image-assembly.ts'
import type { KernelVariables } from './ipcns-var.ts'
import { bytesAsBase64, lineOf, longAsJson } from './json-line.ts'
import { variableMembers } from './variables-json.ts'
import { waitingAsJson } from './waiting-line.ts'

/**
 * A whole image as text, one JSON object a line: for `jq`, `grep` and an editor.
 *
 *   file    = header, { queue, { message } }, { waiting }, end
 *   header  = { "format": "msgq ndjson", "version": 1, "number", "time", "limits", "nextId", "identifiers"?, "variables",
 *               "queues", "waiting" }                         how many of each follow
 *   queue   = { "queue": { "msqid", "key", "uid", … , "messages" } }          how many lines of messages follow
 *   message = { "type", "sequence"?, "sender"?, "time"?, "encoding", "payload" }
 *   waiting = { "waiting": { "ticket", "msqid", "caller", "call" } }
 *   end     = { "sha256": of every byte before this line }    or, of a file that was edited, { "end": true }
 */
export const NDJSON_FORMAT = 'msgq ndjson'
export const NDJSON_VERSION = 1

/** What would turn a terminal's writing around, colour it or end a line early. JSON escapes the controls below space. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

/** An image as NDJSON, in chunks, each good until the next but one. */
export function* imageAsNdjson(image: Image): Generator<Uint8Array> {
  const { checkpoint, namespaceNumber, variables } = image
  const { time, limits, nextId, identifiers, queues, waiting } = checkpoint
  const hash = crypto.createHash('sha256')
  const writer = new ByteWriter('NDJSON')
  const take = (): Uint8Array => {
    const chunk = writer.take()
    hash.update(chunk)
    return chunk
  }
  const head = { format: NDJSON_FORMAT, version: NDJSON_VERSION, number: namespaceNumber, time, limits, nextId }
  const counts = { queues: queues.length, waiting: waiting.length }
  writer.bytes(lineOf({ ...head, identifiers, variables: variablesAsJson(variables), ...counts }))
  for (const queue of queues) {
    writer.bytes(lineOf({ queue: queueAsJson(queue) }))
    for (const message of viewsOf(queue.messages)) {
      if (writer.length >= CHUNK_BYTES) yield take()
      writer.bytes(lineOf(messageAsJson(message)))
    }
  }
  for (const call of waiting) writer.bytes(lineOf({ waiting: waitingAsJson(call) }))
  yield take()
  yield lineOf({ sha256: hash.digest('hex') })
}

function queueAsJson({ perm, messages, ...queue }: CheckpointQueue): object {
  const { msqid, ...fields } = queue
  return { msqid, ...perm, ...fields, messages: messages.length }
}

function messageAsJson({ mtype, mtext, sequence, sender, time }: MessageView): object {
  const text = textOf(mtext)
  const payload = text === undefined ? bytesAsBase64(mtext) : text
  return { type: longAsJson(mtype), sequence, sender, time, encoding: text === undefined ? 'base64' : 'utf-8', payload }
}

/** The payload as text, where it is some that can be shown. */
function textOf(mtext: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(mtext)
    return UNPRINTABLE.test(text) ? undefined : text
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** As crit tells them; beyond 2^53 a number is a string of digits. */
function variablesAsJson(variables: KernelVariables): object {
  const members = Object.entries(variableMembers(variables)).map(([name, value]) => [
    name,
    value === undefined ? undefined : longAsJson(value),
  ])
  return { sem_ctls: variables.semCtls, ...Object.fromEntries(members) }
}
