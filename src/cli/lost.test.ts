import { deepEqual } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lostLines, notRestoredOf } from './lost.ts'

const plain = { bold: String, dim: String, red: String }

describe('lostLines', () => {
  test('says each reason once for the fields and queues that share it', () => {
    const lost = [
      { field: 'identifiers', reason: 'the kernel sets it itself' },
      ...[3, 4].flatMap((msqid) => [
        { msqid, field: 'stime', reason: 'the kernel sets it itself' },
        { msqid, field: 'lspid', reason: 'the kernel sets it itself' },
      ]),
      { msqid: 4, field: 'creator', reason: 'the kernel takes whoever restores it' },
    ]
    deepEqual(lostLines(lost, plain), [
      'not restored',
      '  identifiers: the kernel sets it itself',
      '  stime, lspid: the kernel sets it itself (2 queues: 3 and 4)',
      '  creator: the kernel takes whoever restores it (queue 4)',
    ])
    deepEqual(lostLines([], plain), [])
  })

  test('stays short for a thousand queues', () => {
    const lost = Array.from({ length: 1000 }, (_, msqid) => ({ msqid, field: 'stime', reason: 'not in the image' }))
    deepEqual(lostLines(lost, plain), [
      'not restored',
      '  stime: not in the image (1000 queues: 0, 1, 2, 3, 4, 5, 6, 7 and 992 more)',
    ])
  })
})

describe('notRestoredOf', () => {
  test('tells what an image of CRIU lacks once, not again for each queue', () => {
    const missing = [{ field: 'stime', reason: 'CRIU does not keep it' }]
    const creator = { msqid: 1, field: 'creator', reason: 'the kernel takes whoever restores it' }
    deepEqual(notRestoredOf(missing, [{ msqid: 1, field: 'stime', reason: 'not in the image' }, creator]), [
      ...missing,
      creator,
    ])
  })
})
