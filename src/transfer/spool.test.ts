import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import { type Msgbuf, writeLong } from '../abi/index.ts'
import { landingOffset, MTYPE_BYTES, readHeader } from './slot-file.ts'
import { Spool, spooledMessages } from './spool.ts'

const directory = fs.mkdtempSync(path.join(tmpdir(), 'msgq-spool-'))
const words = { source: 'linux: 3', target: 'linux: 4' }
const slots = () => fs.readdirSync(directory).map((name) => path.join(directory, name))

after(() => fs.rmSync(directory, { recursive: true }))
beforeEach(() => {
  for (const file of slots()) fs.rmSync(file)
})

function message(mtype: number | bigint, ...bytes: readonly number[]): Msgbuf {
  return { mtype, mtext: Uint8Array.from(bytes) }
}

/** What the kernel does: the type, then the payload. */
function land(slot: Spool, { mtype, mtext }: Msgbuf): void {
  const file = fs.openSync(slot.path, 'r+')
  const bytes = new Uint8Array(MTYPE_BYTES + mtext.length)
  writeLong(new DataView(bytes.buffer), 0, mtype)
  bytes.set(mtext, MTYPE_BYTES)
  const room = readHeader(file)?.room ?? 0
  fs.writeSync(file, bytes, 0, bytes.length, landingOffset(room))
  fs.closeSync(file)
}

/** The slot as the next move finds it. */
function reopened(slot: Spool): Spool['found'] {
  slot.close()
  const next = Spool.open(directory, words)
  next.close()
  return next.found
}

describe('Spool', () => {
  test('Spool that never received leaves nothing behind', () => {
    const slot = Spool.open(directory, words)
    equal(slot.found, undefined)
    slot.close()
    deepEqual(slots(), [])
  })

  test('Spool finds nothing when no message has landed', () => {
    const slot = Spool.open(directory, words)
    slot.expect(message(5, 1, 2, 3))
    equal(reopened(slot), undefined)
    deepEqual(slots(), [])
  })

  for (const landed of [message(5), message(5, 1, 2, 3), message(2n ** 63n - 1n, ...new Uint8Array(9_000).fill(255))]) {
    test(`Spool finds a message of ${landed.mtext.length} bytes that landed and was never measured`, () => {
      const slot = Spool.open(directory, words)
      // An older, longer message was there.
      slot.expect(message(9, ...new Uint8Array(20).fill(7)))
      land(slot, message(9, ...new Uint8Array(20).fill(7)))
      slot.clear()
      slot.expect(landed)
      land(slot, landed)
      deepEqual(reopened(slot), { ...landed, ...words, mayBeSent: false, mayBeCut: false })
    })
  }

  test('Spool measures another, shorter message than the expected one as far as it can be seen', () => {
    const expected = message(5, 1, 2, 3, 4, 5)
    for (const [landed, seen] of [
      [message(6, 9, 8), message(6, 9, 8)],
      [message(6, 1, 2, 3), message(6, 1, 2, 3)],
      [message(6), message(6)],
      // Its last byte is the opposite of what was expected there, by chance.
      [message(6, 9, 8, 252), message(6, 9, 8)],
    ] as const) {
      const slot = Spool.open(directory, words)
      slot.expect(expected)
      land(slot, landed)
      deepEqual(reopened(slot), { ...seen, ...words, mayBeSent: false, mayBeCut: true })
      for (const file of slots()) fs.rmSync(file)
    }
  })

  test('Spool tells a message that may have been sent from one that was not', () => {
    const slot = Spool.open(directory, words)
    slot.expect(message(5, 1, 2, 3, 4))
    land(slot, message(5, 1, 2))
    const landed = slot.landed(2)
    deepEqual(landed, message(5, 1, 2))
    slot.sending(landed)
    slot.notSent(landed)
    deepEqual(reopened(slot), { ...landed, ...words, mayBeSent: false, mayBeCut: false })
    const again = Spool.open(directory, { ...words, target: 'linux: 8' })
    again.sending(landed)
    deepEqual(reopened(again), { ...landed, source: 'linux: 3', target: 'linux: 8', mayBeSent: true, mayBeCut: false })
    const last = Spool.open(directory, words)
    last.clear()
    equal(reopened(last), undefined)
  })

  test("Spool serves one move at a time, and its message is no other move's", () => {
    const slot = Spool.open(directory, words)
    slot.expect(message(5, 1))
    land(slot, message(5, 1))
    throws(() => Spool.open(directory, words), {
      code: 'ERR_MSGQ_UNAVAILABLE',
      message: /another process .* from linux: 3/,
    })
    deepEqual(spooledMessages(directory), [])
    const other = Spool.open(directory, { ...words, source: 'linux: 7' })
    equal(other.found, undefined)
    other.close()
    slot.close()
    const [left] = spooledMessages(directory)
    ok(left !== undefined)
    deepEqual([left.source, left.mtext.length, left.file], ['linux: 3', 1, slot.path])
  })

  test('Spool refuses a directory that others may look into, and a file that is none of its own is empty', () => {
    const open = path.join(directory, 'open')
    fs.mkdirSync(open)
    fs.chmodSync(open, 0o755)
    throws(() => Spool.open(open, words), { code: 'ERR_MSGQ_UNAVAILABLE', message: /not this user's alone/ })
    fs.rmdirSync(open)
    const slot = Spool.open(directory, words)
    fs.writeFileSync(slot.path, 'not a slot, but long enough to be taken for one')
    equal(reopened(slot), undefined)
    deepEqual(spooledMessages(path.join(directory, 'nowhere')), [])
  })
})
