import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ByteWriter } from './byte-writer.ts'
import { decodeIpcnsVar, encodeIpcnsVar, LINUX_IPC_VAR } from './ipcns-var.ts'
import { writeUint64 } from './protobuf.ts'

const REQUIRED = [
  ...['msg_ctlmax', 'msg_ctlmnb', 'msg_ctlmni', 'auto_msgmni', 'shm_ctlmax', 'shm_ctlall', 'shm_ctlmni'],
  ...['shm_rmid_forced', 'mq_queues_max', 'mq_msg_max', 'mq_msgsize_max'],
]
const OPTIONAL = ['mq_msg_default', 'mq_msgsize_default', 'msg_next_id', 'sem_next_id', 'shm_next_id']
/** By their numbers, from 2. */
const NAMES = [...REQUIRED, ...OPTIONAL]

/** A file of four semaphore limits, or as many as are told, and these fields, each of which is its own number. */
function fileOf(names: readonly string[], change: Record<string, number> = {}, semCtls = [1, 2, 3, 4]): Uint8Array {
  const writer = new ByteWriter('a-file')
  writer.bytes(encodeIpcnsVar(LINUX_IPC_VAR).slice(0, 8))
  const start = writer.beginRecord()
  for (const value of semCtls) writeUint64(writer, 1, value)
  for (const name of names) {
    const field = NAMES.indexOf(name) + 2
    writeUint64(writer, field, change[name] ?? field)
  }
  writer.endRecord(start)
  return writer.written()
}

/** Where the entry begins. */
const ENTRY_AT = 12

describe('decodeIpcnsVar', () => {
  test('decodeIpcnsVar takes each field from its number, and needs no optional one', () => {
    const all = decodeIpcnsVar(fileOf(NAMES))
    const camel = (name: string) => name.replace(/_[a-z]/g, (letter) => letter.slice(1).toUpperCase())
    const wanted = Object.fromEntries(NAMES.map((name, index) => [camel(name), index + 2]))
    assert.deepEqual(all, { semCtls: [1, 2, 3, 4], ...wanted })
    assert.deepEqual(Object.keys(decodeIpcnsVar(fileOf(REQUIRED))).length, 1 + REQUIRED.length)
  })

  test('decodeIpcnsVar names the field that is missing, or of more than its bits, or not four', () => {
    for (const missing of REQUIRED) {
      const file = fileOf(NAMES.filter((name) => name !== missing))
      const expected = `ipc_var_entry with its ${missing}`
      assert.throws(() => decodeIpcnsVar(file), { file: 'ipcns-var.img', offset: ENTRY_AT, expected })
    }
    for (const wide of NAMES) {
      const file = fileOf(NAMES, { [wide]: 2 ** 32 })
      if (wide === 'shm_ctlmax' || wide === 'shm_ctlall') decodeIpcnsVar(file)
      else assert.throws(() => decodeIpcnsVar(file), { expected: `ipc_var_entry.${wide} of at most 32 bits` })
    }
    const wide = fileOf(NAMES, {}, [1, 2, 3, 2 ** 32])
    assert.throws(() => decodeIpcnsVar(wide), { expected: 'ipc_var_entry.sem_ctls of at most 32 bits' })
    for (const semCtls of [[], [1, 2, 3], [1, 2, 3, 4, 5]]) {
      const message = new RegExp(`expected four sem_ctls, found ${semCtls.length}$`)
      assert.throws(() => decodeIpcnsVar(fileOf(NAMES, {}, semCtls)), { offset: ENTRY_AT, message })
    }
  })

  test('decodeIpcnsVar says what it misses where a file ends too early, and whose magic number it found', () => {
    const whole = fileOf(NAMES)
    for (const [length, offset, expected] of [
      [3, 0, "CRIU's magic number, 4 bytes"],
      [7, 4, 'the magic number of IPC_VAR, 4 bytes'],
      [11, 8, 'the length of an ipc_var_entry, 4 bytes'],
    ] as const) {
      assert.throws(() => decodeIpcnsVar(whole.slice(0, length)), { file: 'ipcns-var.img', offset, expected })
    }
    const foreign = whole.slice()
    foreign.set([1, 0, 0, 0], 4)
    const message = /expected the magic number of IPC_VAR, 0x53115007, found 0x00000001$/
    assert.throws(() => decodeIpcnsVar(foreign), { offset: 4, message })
  })
})

test('decodeIpcnsVar refuses what follows the entry, and keeps the fields of a newer CRIU in it', () => {
  const newer = encodeIpcnsVar({ ...LINUX_IPC_VAR, unknown: Uint8Array.of(0x90, 1, 7) })
  assert.deepEqual(decodeIpcnsVar(newer), { ...LINUX_IPC_VAR, unknown: Uint8Array.of(0x90, 1, 7) })
  const more = Uint8Array.of(...newer, 0)
  assert.throws(() => decodeIpcnsVar(more), { offset: newer.length, expected: 'the end of the file' })
})

test('encodeIpcnsVar refuses semaphore limits that are not four', () => {
  for (const semCtls of [[], [1, 2, 3], [1, 2, 3, 4, 5]]) {
    assert.throws(() => encodeIpcnsVar({ ...LINUX_IPC_VAR, semCtls }), RangeError)
  }
})
