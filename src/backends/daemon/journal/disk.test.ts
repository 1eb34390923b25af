import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DiskFile, isFullDisk, NoRoomError, readPart, writeAll, writeAllNow } from './disk.ts'
import { JournalError } from './errors.ts'

/** A file that reads and writes at most three bytes at a time, as the contract allows. */
class ShortFile implements DiskFile {
  bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  async size(): Promise<number> {
    return this.bytes.length
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    const part = this.bytes.subarray(position, position + Math.min(into.length, 3))
    into.set(part)
    return part.length
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return this.writeNow(bytes, position)
  }

  writeNow(bytes: Uint8Array, position: number): number {
    const part = bytes.subarray(0, 3)
    this.bytes.set(part, position)
    return part.length
  }

  async flush(): Promise<void> {
    assert.fail('nobody flushes')
  }

  async close(): Promise<void> {
    assert.fail('nobody closes')
  }
}

const counted = (sizeBytes: number) => Buffer.from(Array.from({ length: sizeBytes }, (_, index) => index + 1))

test('readPart reads all of a part, however short each read is; what is behind the end is zeros', async () => {
  const file = new ShortFile(counted(10))
  assert.deepEqual([...(await readPart(file, 2, 7))], [3, 4, 5, 6, 7, 8, 9])
  assert.deepEqual([...(await readPart(file, 8, 5))], [9, 10, 0, 0, 0])
  assert.deepEqual([...(await readPart(file, 20, 2))], [0, 0])
  assert.deepEqual([...(await readPart(file, 0, 0))], [])
})

test('writeAll and writeAllNow write all of it, however short each write is', async () => {
  for (const write of [writeAll, writeAllNow]) {
    const file = new ShortFile(Buffer.alloc(12))
    await write(file, counted(8), 2)
    assert.deepEqual([...file.bytes], [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0])
  }
})

test('isFullDisk knows a full disk and a full share of it, and nothing else', () => {
  const failed = (code: string) => Object.assign(new Error('failed'), { code })
  assert.deepEqual(
    [isFullDisk(failed('ENOSPC')), isFullDisk(failed('EDQUOT')), isFullDisk(new NoRoomError(''))],
    [true, true, true],
  )
  for (const other of [failed('EIO'), new Error('ENOSPC'), { code: 'ENOSPC' }, undefined, 'ENOSPC']) {
    assert.equal(isFullDisk(other), false)
  }
  assert.equal(new NoRoomError('').name, 'NoRoomError')
})

test('JournalError has what it was given, and no cause where there is none', () => {
  const cause = new Error('why')
  const details = { file: 'segment-0000000001', offset: 0, lost: { first: 3 }, cause }
  const full = new JournalError('ERR_MSGQ_JOURNAL_DAMAGED', 'words', details)
  assert.deepEqual(
    [full.name, full.code, full.message],
    ['JournalError', 'ERR_MSGQ_JOURNAL_DAMAGED', 'ERR_MSGQ_JOURNAL_DAMAGED: words'],
  )
  assert.deepEqual({ file: full.file, offset: full.offset, lost: full.lost, cause: full.cause }, details)
  const bare = new JournalError('ERR_MSGQ_JOURNAL_FAILED', 'words')
  assert.deepEqual([bare.file, bare.offset, bare.lost], [undefined, undefined, undefined])
  assert.equal(Object.hasOwn(bare, 'cause'), false)
})
