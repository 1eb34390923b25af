import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { smallCheckpoint } from '../../test/golden/checkpoints.ts'
import { MemoryDirectory } from '../../test/image/memory-directory.ts'
import { encodeImage, type ImageFiles } from './image.ts'
import type { Image } from './image-assembly.ts'
import { readStandingImage } from './replace.ts'

const OURS = 'msgq-1.ndjson'
const MSG = 'ipcns-msg-1.img'
const VAR = 'ipcns-var-1.img'

/** As many reads of an image that others replace meanwhile as are tried. */
const READS_MAX = 16

const of = (text: string): Promise<ImageFiles> => encodeImage(smallCheckpoint(text))
const only = (files: ImageFiles, ...names: readonly string[]) => [...files].filter(([name]) => names.includes(name))

/** The text of the only message: which of the images was read. */
function textOf({ checkpoint }: Image): string {
  const [message] = checkpoint.queues[0]?.messages ?? []
  return new TextDecoder().decode(message?.mtext)
}

/** Does something before an operation, the first time. */
function once(directory: MemoryDirectory, operation: string, work: () => void): void {
  let isDone = false
  directory.before((each) => {
    if (each !== operation || isDone) return
    isDone = true
    work()
  })
}

describe('readStandingImage of what stays as it is', () => {
  test('readStandingImage reads each file of an image of ours once', async () => {
    const directory = new MemoryDirectory(await of('here'))
    assert.equal(textOf(await readStandingImage(directory, 1)), 'here')
    assert.deepEqual(directory.operations, [`read ${OURS}`, `read ${MSG}`, `read ${VAR}`])
  })

  test('readStandingImage reads a file of ours from where it is kept, when another is in its place', async () => {
    const [here, next] = [await of('here'), await of('next one')]
    const kept = only(here, MSG, VAR).map(([name, content]) => [`${name}.old`, content] as const)
    const directory = new MemoryDirectory([...only(next, MSG), ...kept, ...only(here, OURS)])
    assert.equal(textOf(await readStandingImage(directory, 1)), 'here')
  })

  test('readStandingImage reads files of CRIU’s own once, and then whether ours has come', async () => {
    const directory = new MemoryDirectory(only(await of('theirs'), MSG, VAR))
    const image = await readStandingImage(directory, 1)
    assert.equal(textOf(image), 'theirs')
    assert.notEqual(image.missing.length, 0)
    const reads = [OURS, `${OURS}.new`, MSG, VAR, OURS]
    assert.deepEqual(
      directory.operations,
      reads.map((name) => `read ${name}`),
    )
  })

  test('readStandingImage says what is wrong with an image of ours when it has read it once', async () => {
    const directory = new MemoryDirectory(only(await of('here'), OURS, VAR))
    await assert.rejects(readStandingImage(directory, 1), { file: MSG, message: /found no such file$/ })
    const reads = [OURS, MSG, `${MSG}.old`, OURS]
    assert.deepEqual(
      directory.operations,
      reads.map((name) => `read ${name}`),
    )
  })

  test('readStandingImage takes no part of an interrupted write for a dump of CRIU’s', async () => {
    const files = await of('never committed')
    const ours = only(files, OURS).map(([name, content]) => [`${name}.new`, content] as const)
    for (const name of [MSG, VAR]) {
      const found = 'found one whose writing was interrupted or still goes on: take the checkpoint again'
      const refused = { name: 'ImageError', file: 'memory', message: new RegExp(`expected a whole image, ${found}$`) }
      await assert.rejects(readStandingImage(new MemoryDirectory([...ours, ...only(files, name)]), 1), refused, name)
    }
  })

  test('readStandingImage fails as the disk does', async () => {
    const directory = new MemoryDirectory(await of('here'))
    const broken = new Error('EIO')
    once(directory, `read ${MSG}`, () => {
      throw broken
    })
    await assert.rejects(readStandingImage(directory, 1), broken)
  })
})

describe('readStandingImage of what others replace meanwhile', () => {
  test('readStandingImage reads the image that has taken the place of the one that it reads', async () => {
    const [before, next] = [await of('before'), await of('next one')]
    const directory = new MemoryDirectory(before)
    once(directory, `read ${MSG}`, () => {
      for (const [name, content] of next) directory.files.set(name, content)
    })
    assert.equal(textOf(await readStandingImage(directory, 1)), 'next one')
  })

  test('readStandingImage reads our file when that has come while it reads CRIU’s', async () => {
    const files = await of('whole now')
    const directory = new MemoryDirectory(only(files, MSG, VAR))
    once(directory, `read ${VAR}`, () => {
      for (const [name, content] of only(files, OURS)) directory.files.set(name, content)
    })
    const image = await readStandingImage(directory, 1)
    assert.deepEqual([textOf(image), image.missing], ['whole now', []])
  })

  test('readStandingImage reads CRIU’s files when ours has gone', async () => {
    const [ours, theirs] = [await of('ours'), await of('their own')]
    const directory = new MemoryDirectory(ours)
    once(directory, `read ${MSG}`, () => {
      directory.files.clear()
      for (const [name, content] of only(theirs, MSG, VAR)) directory.files.set(name, content)
    })
    assert.equal(textOf(await readStandingImage(directory, 1)), 'their own')
  })

  test('readStandingImage gives up on an image that is another one after each of sixteen reads', async () => {
    const [one = [], other = []] = [only(await of('one'), OURS), only(await of('the other'), OURS)]
    const directory = new MemoryDirectory(one)
    directory.before((operation) => {
      assert.ok(directory.operations.length < 10 * READS_MAX, 'it ends')
      if (operation !== `read ${OURS}`) return
      const isOdd = directory.operations.filter((each) => each === operation).length % 2 === 1
      for (const [name, content] of isOdd ? one : other) directory.files.set(name, content)
    })
    await assert.rejects(readStandingImage(directory, 1), { file: MSG, message: /found no such file$/ })
    assert.equal(directory.operations.filter((each) => each === `read ${MSG}`).length, READS_MAX)
  })
})
