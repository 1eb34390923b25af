import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { emptyCheckpoint, smallCheckpoint } from '../../test/golden/checkpoints.ts'
import type { Checkpoint } from '../engine/index.ts'
import type { FileDecoder } from './chunk-reader.ts'
import { ImageError } from './errors.ts'
import { encodeImage, type ImageFiles } from './image.ts'
import type { ImagePart } from './image-parts.ts'
import { type ImageDirectory, readStandingImage, replaceImage } from './replace.ts'
import type { FileSeal, SealedResult } from './seal.ts'

/** A change of a directory's names that is not yet on the disk. */
type Change = { readonly name: string; readonly bytes: Uint8Array } | { readonly from: string; readonly to?: string }

/**
 * A disk that loses what was not flushed. After a power cut any of the changes since the last flush may be there, each
 * alone, and a file whose writing was cut short has any part of its content.
 */
class SimulatedDisk implements ImageDirectory {
  readonly path = 'disk'
  readonly #durable: Map<string, Uint8Array>
  #names: Map<string, Uint8Array>
  #changes: Change[] = []
  /** Operations until the power is cut. */
  #left: number

  constructor(names: ReadonlyMap<string, Uint8Array> = new Map(), left: number = Number.POSITIVE_INFINITY) {
    this.#durable = new Map(names)
    this.#names = new Map(names)
    this.#left = left
  }

  async list(): Promise<string[]> {
    return [...this.#names.keys()]
  }

  async read<Result>(name: string, decoder: FileDecoder<Result>): Promise<SealedResult<Result> | undefined> {
    const bytes = this.#names.get(name)
    if (bytes === undefined) return undefined
    return {
      seal: sealOf(bytes),
      result: () => {
        decoder.feed(bytes)
        return decoder.end()
      },
    }
  }

  async write(name: string, chunks: ReturnType<ImagePart['chunks']>): Promise<FileSeal> {
    assert.ok(!this.#names.has(name), `${name} is there already`)
    const gathered: Uint8Array[] = []
    for await (const chunk of chunks) gathered.push(chunk)
    const bytes = Uint8Array.from(Buffer.concat(gathered))
    const isCut = this.#left === 0
    this.#change({ name, bytes: isCut ? bytes.subarray(0, bytes.length >> 1) : bytes })
    this.#spend()
    return sealOf(bytes)
  }

  async rename(from: string, to: string): Promise<void> {
    assert.ok(this.#names.has(from), `${from} is not there`)
    this.#spend()
    this.#change({ from, to })
  }

  async remove(name: string): Promise<void> {
    assert.ok(this.#names.has(name), `${name} is not there`)
    this.#spend()
    this.#change({ from: name })
  }

  async flush(): Promise<void> {
    this.#spend()
    for (const change of this.#changes) apply(this.#durable, change)
    this.#changes = []
  }

  /** The process that was stopped is gone, the machine runs on: what was not flushed is still seen. */
  goOn(left: number): void {
    this.#left = left
  }

  /** Every state of the disk that a power cut may leave. */
  afterPowerCut(): Map<string, Uint8Array>[] {
    return Array.from({ length: 2 ** this.#changes.length }, (_, chosen) => {
      const names = new Map(this.#durable)
      this.#changes.forEach((change, index) => {
        if (chosen & (1 << index)) apply(names, change)
      })
      return names
    })
  }

  #change(change: Change): void {
    this.#changes.push(change)
    apply(this.#names, change)
  }

  #spend(): void {
    if (this.#left === 0) throw new PowerCut()
    this.#left--
  }
}

function sealOf(bytes: Uint8Array): FileSeal {
  return { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** An image that was encoded before, as `replaceImage` takes it. */
function partsOf(files: ImageFiles): ImagePart[] {
  return Array.from(files, ([name, bytes]) => ({ name, chunks: () => [bytes] }))
}

class PowerCut extends Error {}

function apply(names: Map<string, Uint8Array>, change: Change): void {
  if ('bytes' in change) {
    names.set(change.name, change.bytes)
    return
  }
  const bytes = names.get(change.from)
  if (bytes === undefined) return
  names.delete(change.from)
  if (change.to !== undefined) names.set(change.to, bytes)
}

/** Whether an image was replaced before the process was stopped. */
async function replacedBefore(disk: SimulatedDisk, files: ImageFiles): Promise<boolean> {
  try {
    await replaceImage(disk, 1, partsOf(files))
    return true
  } catch (error) {
    if (error instanceof PowerCut) return false
    throw error
  }
}

async function diskWith(checkpoint: Checkpoint | undefined): Promise<ReadonlyMap<string, Uint8Array>> {
  return checkpoint === undefined ? new Map() : encodeImage(checkpoint)
}

/** Every state that a power cut may leave while `next` is written over `names`, at each moment. */
async function* powerCuts(names: ReadonlyMap<string, Uint8Array>, next: Checkpoint) {
  const files = await encodeImage(next)
  const seen = new Set<string>()
  for (let left = 0; ; left++) {
    const disk = new SimulatedDisk(names, left)
    if (await replacedBefore(disk, files)) return
    for (const state of disk.afterPowerCut()) {
      const print = fingerprint(state)
      if (!seen.has(print)) yield state
      seen.add(print)
    }
  }
}

/** Tells states of the disk apart. */
function fingerprint(names: ReadonlyMap<string, Uint8Array>): string {
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64')
  return [...names]
    .map(([name, bytes]) => `${name} ${hash(bytes)}`)
    .sort()
    .join()
}

/** The time of the image that stands, which tells one from another, or nothing when there is no image. */
async function standing(names: ReadonlyMap<string, Uint8Array>): Promise<number | undefined> {
  try {
    const { checkpoint, missing } = await readStandingImage(new SimulatedDisk(names), 1)
    assert.deepEqual(missing, [], 'read with our file, not as a dump of CRIU')
    return checkpoint.time
  } catch (error) {
    if (error instanceof ImageError) return undefined
    throw error
  }
}

const small = (time: number): Checkpoint => ({ ...smallCheckpoint(`image ${time}`), time })

describe('a power cut that loses what was not flushed', () => {
  const cases: [what: string, old: Checkpoint | undefined, next: Checkpoint][] = [
    ['queues over queues', small(1), small(2)],
    ['queues over none', emptyCheckpoint(1), small(2)],
    ['none over queues', small(1), emptyCheckpoint(2)],
    ['queues where no image stood', undefined, small(2)],
    ['the same queues again', small(1), { ...small(1), time: 2 }],
  ]
  for (const [what, old, next] of cases) {
    test(`replaceImage: ${what}: the old image or the new one is whole at every moment`, async () => {
      const seen = new Set<number | undefined>()
      let states = 0
      for await (const names of powerCuts(await diskWith(old), next)) {
        states++
        const time = await standing(names)
        assert.ok(time === old?.time || time === 2, `an image of ${time} with ${[...names.keys()].join(', ')}`)
        seen.add(time)
      }
      assert.ok(states > 15, `${states} states`)
      assert.deepEqual(seen, new Set([old?.time, 2]))
    })

    test(`replaceImage: ${what}: after a cut, another cut in the next write leaves a whole image again`, async () => {
      for await (const names of powerCuts(await diskWith(old), next)) {
        const before = await standing(names)
        for await (const later of powerCuts(names, small(3))) {
          const time = await standing(later)
          assert.ok(time === before || time === 3, `${time} after ${before}: ${[...later.keys()].join(', ')}`)
        }
      }
    })

    test(`replaceImage: ${what}: after a cut, the next write succeeds and leaves nothing beside its image`, async () => {
      for await (const names of powerCuts(await diskWith(old), next)) {
        const disk = new SimulatedDisk(names)
        await replaceImage(disk, 1, partsOf(await encodeImage(small(3))))
        assert.equal((await readStandingImage(disk, 1)).checkpoint.time, 3)
        assert.deepEqual((await disk.list()).sort(), ['ipcns-msg-1.img', 'ipcns-var-1.img', 'msgq-1.ndjson'])
      }
    })

    test(`replaceImage: ${what}: a killed process, then a power cut in the next write, leave a whole image`, async () => {
      const names = await diskWith(old)
      const [files, third] = [await encodeImage(next), await encodeImage(small(3))]
      for (let first = 0; ; first++) {
        let isDone = false
        for (let second = 0; !isDone; second++) {
          const disk = new SimulatedDisk(names, first)
          const isReplaced = await replacedBefore(disk, files)
          disk.goOn(second)
          isDone = await replacedBefore(disk, third)
          for (const later of isDone ? [] : disk.afterPowerCut()) {
            const time = await standing(later)
            assert.ok(time === old?.time || time === 2 || time === 3, `${time}: ${[...later.keys()].join(', ')}`)
          }
          if (isDone && isReplaced) return
        }
      }
    })
  }
})
