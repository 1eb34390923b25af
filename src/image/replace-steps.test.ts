import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { emptyCheckpoint, smallCheckpoint } from '../../test/golden/checkpoints.ts'
import { MemoryDirectory } from '../../test/image/memory-directory.ts'
import { encodeImage, type ImageFiles } from './image.ts'
import { type ImagePart, imageParts } from './image-parts.ts'
import { replaceImage } from './replace.ts'

const OURS = 'msgq-1.ndjson'
const MSG = 'ipcns-msg-1.img'
const VAR = 'ipcns-var-1.img'

const of = (text: string): Promise<ImageFiles> => encodeImage(smallCheckpoint(text))
const partsOf = (text: string): readonly ImagePart[] => imageParts(smallCheckpoint(text))
const bytes = (text: string) => new TextEncoder().encode(text)
const fileOf = (files: ImageFiles, name: string): Uint8Array => files.get(name) ?? assert.fail(`${name} is not there`)

describe('replaceImage where the disk fails', () => {
  test('replaceImage: an error before the commit leaves the old image, and nothing beside it', async () => {
    for (const [what, old] of [
      ['queues', await of('old')],
      ['no queues', await encodeImage(emptyCheckpoint())],
      ['no image', new Map()],
    ] as const) {
      const whole = new MemoryDirectory(old)
      await replaceImage(whole, 1, partsOf('next one'))
      const first = whole.operations.findIndex((operation) => operation.startsWith('write '))
      const commit = whole.operations.indexOf(`rename ${OURS}.new ${OURS}`)
      assert.ok(first > 0 && commit > first)
      for (let failed = first; failed <= commit; failed++) {
        const directory = new MemoryDirectory(old)
        const full = new Error('ENOSPC')
        let count = 0
        directory.before((operation) => {
          if (directory.operations.at(-1) === operation && count++ === failed) throw full
        })
        await assert.rejects(replaceImage(directory, 1, partsOf('next one')), full)
        assert.deepEqual(directory.files, new Map(old), `${what}: ${whole.operations[failed]}`)
      }
    }
  })

  test('replaceImage tells of the first error when nothing can be put back either', async () => {
    const directory = new MemoryDirectory(await of('old'))
    let errors = 0
    directory.before((operation) => {
      if (errors > 0 || operation === `rename ${MSG}.new ${MSG}`) throw new Error(`error ${++errors}`)
    })
    await assert.rejects(replaceImage(directory, 1, partsOf('next one')), /error 1$/)
    assert.equal(errors, 2)
  })
})

describe('replaceImage over what stands there', () => {
  test('replaceImage takes its steps in order, and no others where nothing lies beside the image', async () => {
    const directory = new MemoryDirectory(await of('old'))
    await replaceImage(directory, 1, partsOf('next one'))
    assert.deepEqual(directory.operations, [
      ...['flush', 'list', `read ${OURS}`, 'list'],
      ...[MSG, VAR, OURS].map((name) => `write ${name}.new`),
      ...[`rename ${MSG} ${MSG}.old`, `rename ${VAR} ${VAR}.old`, 'flush'],
      ...[`rename ${MSG}.new ${MSG}`, `rename ${VAR}.new ${VAR}`, 'flush'],
      ...[`rename ${OURS}.new ${OURS}`, 'flush'],
      ...[`remove ${MSG}.old`, `remove ${VAR}.old`],
    ])
  })

  test('replaceImage takes the place of an image of ours that lacks a file', async () => {
    const files = await of('next one')
    for (const name of [MSG, VAR]) {
      const directory = new MemoryDirectory([...(await of('old'))].filter(([each]) => each !== name))
      await replaceImage(directory, 1, partsOf('next one'))
      assert.deepEqual(new Set(directory.files.keys()), new Set([MSG, VAR, OURS]))
      assert.deepEqual(directory.files.get(MSG), files.get(MSG))
    }
  })

  test('replaceImage leaves a file alone that is called as one that it keeps, where no image of ours stands', async () => {
    const directory = new MemoryDirectory([[`${MSG}.old`, bytes('somebody’s')]])
    await replaceImage(directory, 1, partsOf('first'))
    assert.deepEqual(directory.files.get(`${MSG}.old`), bytes('somebody’s'))
  })

  test('replaceImage puts back nothing but what our file names', async () => {
    const files = [...(await of('old'))].filter(([name]) => name !== MSG)
    const directory = new MemoryDirectory([...files, [MSG, bytes('in place')], [`${MSG}.old`, bytes('kept')]])
    const full = new Error('ENOSPC')
    directory.before((operation) => {
      if (operation.startsWith('write ')) throw full
    })
    await assert.rejects(replaceImage(directory, 1, partsOf('next one')), full)
    assert.deepEqual(directory.files, new Map([...files, [MSG, bytes('in place')]]))
  })

  test('replaceImage takes no file of CRIU’s own for a part of an interrupted write that lies beside it', async () => {
    const unfinished = fileOf(await of('never committed'), OURS)
    for (const beside of [
      [[`${MSG}.new`, bytes('cut short')]],
      [[`${OURS}.new`, unfinished.slice(0, 100)]],
      [[`${OURS}.new`, unfinished]],
    ] as const) {
      const directory = new MemoryDirectory([[MSG, bytes('theirs')], ...beside])
      await assert.rejects(replaceImage(directory, 1, partsOf('next one')), {
        ...{ name: 'ImageError', file: 'memory' },
        message: /found ipcns-msg-1\.img of another program$/,
      })
      assert.deepEqual(directory.files, new Map([[MSG, bytes('theirs')]]))
    }
  })

  test('replaceImage changes nothing when an interrupted write beside cannot be understood for want of memory', async () => {
    const files = [...(await of('old')), [`${OURS}.new`, fileOf(await of('never committed'), OURS)] as const]
    const directory = new MemoryDirectory(files)
    const full = new RangeError('Array buffer allocation failed')
    directory.before((operation) => {
      if (operation === `understand ${OURS}.new`) throw full
    })
    await assert.rejects(replaceImage(directory, 1, partsOf('next one')), full)
    assert.deepEqual(directory.files, new Map(files))
  })
})
