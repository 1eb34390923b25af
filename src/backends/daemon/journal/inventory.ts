import { randomBytes } from 'node:crypto'
import type { Disk } from './disk.ts'
import { JournalError, type JournalNotice, type OnNotice } from './errors.ts'
import { ID_BYTES } from './header.ts'
import { type ImageFile, imageName, imageSequence, inspectImage } from './image-file.ts'
import { inspectSegment, type Segment, segmentNumber, UNFINISHED } from './segment.ts'

/** What is in a journal's directory. */
export interface Inventory {
  readonly id: Buffer
  /** In the order in which they were written. */
  readonly segments: readonly Segment[]
  /** Oldest first. Whether one is whole is found out when it is needed: it may be large. */
  readonly images: readonly ImageFile[]
}

/**
 * Looks at every file, and removes those that were never finished.
 *
 * @throws {JournalError} `ERR_MSGQ_JOURNAL_VERSION`, or `ERR_MSGQ_JOURNAL_DAMAGED` for a file of another journal.
 */
export async function takeInventory(disk: Disk, onNotice: OnNotice): Promise<Inventory> {
  const names = await disk.list()
  for (const name of names) {
    if (/^(segment|image|lost)-/.test(name) && name.endsWith(UNFINISHED)) await disk.remove(name)
  }
  const ids: [name: string, id: Buffer][] = []
  const segments: Segment[] = []
  for (const number of numbersOf(names, segmentNumber)) {
    const { segment, id } = await inspectSegment(disk, number)
    segments.push(segment)
    if (id !== undefined) ids.push([segment.name, id])
  }
  const images: ImageFile[] = []
  for (const sequence of numbersOf(names, imageSequence)) {
    const image = await inspectImage(disk, sequence)
    if (image === undefined) onNotice(damagedImage(imageName(sequence)))
    else images.push(image)
    if (image !== undefined) ids.push([image.name, image.id])
  }
  return { id: onlyId(ids), segments, images }
}

/** An image that cannot be used. */
export function damagedImage(file: string): JournalNotice {
  return { kind: 'damage-not-needed', message: `${file} is damaged, and is not used`, file }
}

function onlyId(ids: readonly (readonly [name: string, id: Buffer])[]): Buffer {
  const id = ids[0]?.[1]
  if (id === undefined) return randomBytes(ID_BYTES)
  const foreign = ids.find(([, other]) => !other.equals(id))
  if (foreign === undefined) return id
  const [file] = foreign
  const message = `${file} is of another journal than the files beside it: take one of them away`
  throw new JournalError('ERR_MSGQ_JOURNAL_DAMAGED', message, { file })
}

function numbersOf(names: readonly string[], numberOf: (name: string) => number | undefined): number[] {
  return names.flatMap((name) => numberOf(name) ?? []).sort((one, other) => one - other)
}
