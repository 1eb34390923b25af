import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { frame, frameBytesOf, type WrittenFrame, writeSegments } from '../../../../test/simulator/segments.ts'
import type { JournalNotice } from './errors.ts'
import { type ImageFile, imageFile } from './image-file.ts'
import { Reading } from './reading.ts'
import { type EndOfRecords, replay, replayedBytes } from './replay.ts'
import { SEGMENT_HEADER_BYTES, type Segment } from './segment.ts'

interface Replayed {
  /** Sequence numbers, by the lists they came in. */
  readonly lists: readonly (readonly number[])[]
  readonly end: EndOfRecords
  readonly notices: readonly JournalNotice[]
}

async function replayed(disk: SimulatedDisk, segments: readonly Segment[], image?: ImageFile): Promise<Replayed> {
  const notices: JournalNotice[] = []
  const replaying = replay(
    disk.process(),
    segments,
    image,
    (notice) => notices.push(notice),
    new Reading(1, () => undefined),
  )
  const lists: number[][] = []
  for (;;) {
    const { done, value } = await replaying.next()
    if (done)
      return { lists, end: value, notices: notices.map(({ message: _, ...rest }) => ({ message: '', ...rest })) }
    lists.push(value.map(({ sequence }) => sequence))
    for (const { sequence, bytes } of value) equal(Buffer.from(bytes).toString(), `record ${sequence}`)
  }
}

/** A disk with these segments. */
async function diskWith(...contents: readonly (readonly WrittenFrame[])[]) {
  const disk = new SimulatedDisk(new Random(1))
  return { disk, ...(await writeSegments(disk.process(), contents)) }
}

function imageOf(disk: SimulatedDisk, sequence: number): ImageFile {
  return imageFile(disk.process(), { id: Buffer.alloc(16), sequence, time: 77, bytes: 0 })
}

/** Changes bytes of a segment. */
function put(disk: SimulatedDisk, { name }: Segment, offset: number, bytes: Uint8Array): void {
  const content = Buffer.from(disk.content(name) ?? '')
  content.set(bytes, offset)
  disk.put(name, content)
}

const DAMAGE = Uint8Array.of(0xff)

test('replayedBytes are those of the segments that replay reads', async () => {
  const { disk, segments } = await diskWith([frame(1), frame(2)], [frame(3), frame(4)], [frame(5)], [])
  const sized = segments.map((segment, index) => ({ ...segment, bytes: 10 ** index }))
  for (const [image, bytes] of [
    [undefined, 1_111],
    [0, 1_111],
    [1, 1_111],
    [2, 1_110],
    [3, 1_110],
    [4, 1_100],
    [9, 1_100],
  ] as const) {
    equal(replayedBytes(sized, image === undefined ? undefined : imageOf(disk, image)), bytes, `${image}`)
  }
  equal(replayedBytes([], undefined), 0)
})

describe('replay', () => {
  test('replay of no segments ends before record 1, at no place', async () => {
    const { disk } = await diskWith()
    const { lists, end } = await replayed(disk, [])
    deepEqual(lists, [])
    deepEqual(end, { place: undefined, broken: undefined, next: 1, seen: 0, time: 0, flushed: 0, lasts: new Map() })
    const behind = await replayed(disk, [], imageOf(disk, 5))
    deepEqual([behind.lists, behind.end.next, behind.end.seen, behind.end.time], [[], 6, 0, 77])
  })

  test('replay of empty segments ends at the beginning of the first', async () => {
    const { disk, segments } = await diskWith([], [])
    const { lists, end, notices } = await replayed(disk, segments)
    deepEqual([lists, notices, end.place], [[], [], { index: 0, offset: SEGMENT_HEADER_BYTES }])
  })

  test('replay hands on every record in order, over segments, and tells where the next one goes', async () => {
    const { disk, segments, offsets } = await diskWith(
      [frame(1, 2), frame(3)],
      [frame(4), frame(5, 3, { time: 9_999, flushed: 3 })],
      [],
    )
    const { lists, end, notices } = await replayed(disk, segments)
    deepEqual([lists, notices], [[[1, 2, 3, 4, 5, 6, 7]], []])
    deepEqual(end, {
      place: { index: 1, offset: offsets[1]?.[2] },
      broken: undefined,
      next: 8,
      seen: 7,
      time: 9_999,
      flushed: 3,
      lasts: new Map([
        [0, 3],
        [1, 7],
      ]),
    })
  })

  test('replay goes on where a frame ends a segment, and what is behind it is empty', async () => {
    const { disk, segments } = await diskWith([frame(1)], [frame(2)])
    const { end } = await replayed(disk, segments.slice(0, 1))
    deepEqual([end.place?.index, end.next], [0, 2])
  })

  test('replay hands records on in lists of 4096 or more, a frame at a time', async () => {
    const frames = (sizes: readonly number[]) => {
      let first = 1
      return sizes.map((count) => {
        const written = { first, records: Array.from({ length: count }, () => ''), time: 5 }
        first += count
        return [written]
      })
    }
    const disk = new SimulatedDisk(new Random(1))
    const { segments } = await writeSegments(disk.process(), frames([1_000, 1_000, 1_000, 1_000, 96, 1, 1]))
    const lengths: number[] = []
    const unheard = new Reading(1, () => undefined)
    for await (const list of replay(disk.process(), segments, undefined, () => undefined, unheard)) {
      lengths.push(list.length)
    }
    deepEqual(lengths, [4_096, 2])
  })

  test('replay hands on what an image does not cover, from the last segment that can have it', async () => {
    const { disk, segments, offsets } = await diskWith([frame(1), frame(2)], [frame(3, 3), frame(6)], [frame(7)])
    for (const [sequence, records, index] of [
      [1, [2, 3, 4, 5, 6, 7], 0],
      [2, [3, 4, 5, 6, 7], 1],
      [4, [5, 6, 7], 1],
      [5, [6, 7], 1],
      [6, [7], 2],
    ] as const) {
      const { lists, end, notices } = await replayed(disk, segments, imageOf(disk, sequence))
      deepEqual(
        [lists, notices, end.next, end.seen, [...end.lasts.keys()][0]],
        [[records], [], 8, 7, index],
        `${sequence}`,
      )
    }
    const { lists, end } = await replayed(disk, segments, imageOf(disk, 7))
    deepEqual([lists, end.next, end.seen, end.time], [[], 8, 7, 77], 'the time of the image, and not of what it covers')
    deepEqual(end.place, { index: 2, offset: offsets[2]?.[1] })
  })

  test('replay sees less than an image covers where the disk has lost what is behind', async () => {
    const { disk, segments } = await diskWith([frame(1), frame(2)])
    const { lists, end } = await replayed(disk, segments, imageOf(disk, 9))
    deepEqual([lists, end.next, end.seen, end.broken], [[], 10, 2, undefined])
  })
})

describe('replay over damage', () => {
  test('replay stops where neither a frame nor zeros are, and says where', async () => {
    const { disk, segments, offsets } = await diskWith([frame(1), frame(2), frame(3)], [frame(4)])
    const second = offsets[0]?.[1] ?? 0
    put(disk, segments[0] as Segment, second + 30, DAMAGE)
    const { lists, end, notices } = await replayed(disk, segments)
    deepEqual([lists, notices], [[[1]], []])
    deepEqual([end.place, end.broken, end.next], [{ index: 0, offset: second }, { index: 0, offset: second }, 2])
  })

  test('replay stops at a frame that is not the next one', async () => {
    for (const first of [1, 4]) {
      const { disk, segments, offsets } = await diskWith([frame(1), frame(2), frame(first)])
      const { lists, end } = await replayed(disk, segments)
      deepEqual([lists, end.broken], [[[1, 2]], { index: 0, offset: offsets[0]?.[2] }], `${first}`)
    }
  })

  test('replay stops at a segment without a header, and does not go on in it', async () => {
    const { disk, segments, offsets } = await diskWith([frame(1)], [frame(2)], [frame(3)])
    const headless = { ...(segments[1] as Segment), salt: undefined, first: undefined }
    const { lists, end, notices } = await replayed(disk, [segments[0] as Segment, headless, segments[2] as Segment])
    deepEqual([lists, notices], [[[1]], []])
    deepEqual(
      [end.place, end.broken],
      [
        { index: 0, offset: offsets[0]?.[1] },
        { index: 1, offset: SEGMENT_HEADER_BYTES },
      ],
    )
    const alone = await replayed(disk, [headless])
    deepEqual([alone.end.place, alone.end.broken], [undefined, { index: 0, offset: SEGMENT_HEADER_BYTES }])
    put(disk, headless, 0, Buffer.alloc(16_384))
    const zeros = await replayed(disk, [headless])
    deepEqual(
      [zeros.end.place, zeros.end.broken],
      [undefined, { index: 0, offset: SEGMENT_HEADER_BYTES }],
      'nor if it is empty',
    )
  })

  test('replay takes nothing for a record in a segment without a header, be its CRC that of no salt', async () => {
    const { disk, segments } = await diskWith([frame(1)], [])
    const headless = { ...(segments[1] as Segment), salt: undefined }
    put(disk, headless, SEGMENT_HEADER_BYTES, frameBytesOf(headless, frame(2)))
    const { lists, end } = await replayed(disk, [segments[0] as Segment, headless])
    deepEqual([lists, end.broken], [[[1]], { index: 1, offset: SEGMENT_HEADER_BYTES }])
  })

  test('replay goes on over what is damaged behind the last record of a segment, and says so', async () => {
    const { disk, segments, offsets } = await diskWith([frame(1), frame(2)], [frame(3)])
    const behind = offsets[0]?.[2] ?? 0
    put(disk, segments[0] as Segment, behind + 400, DAMAGE)
    const { lists, end, notices } = await replayed(disk, segments)
    deepEqual([lists, end.broken, end.place], [[[1, 2, 3]], undefined, { index: 1, offset: offsets[1]?.[1] }])
    deepEqual(notices, [{ kind: 'damage-not-needed', message: '', file: segments[0]?.name, offset: behind }])
  })

  test('replay goes on over a segment without a header when the next one has the next record', async () => {
    const { disk, segments } = await diskWith([frame(1)], [], [frame(2)])
    const headless = { ...(segments[1] as Segment), salt: undefined }
    const { lists, end, notices } = await replayed(disk, [segments[0] as Segment, headless, segments[2] as Segment])
    deepEqual([lists, end.broken, end.place?.index], [[[1, 2]], undefined, 2])
    deepEqual(
      notices.map(({ kind, file, offset }) => [kind, file, offset]),
      [['damage-not-needed', segments[1]?.name, SEGMENT_HEADER_BYTES]],
    )
  })

  test('replay goes on over damaged records that the image covers, at the next frame that is whole', async () => {
    const { disk, segments, offsets } = await diskWith([frame(1), frame(2), frame(3), frame(4)])
    const [first = 0, second = 0, third = 0, fourth = 0] = offsets[0] ?? []
    put(disk, segments[0] as Segment, second + 30, DAMAGE)
    for (const [sequence, records] of [
      [2, [3, 4]],
      [3, [4]],
    ] as const) {
      const { lists, end, notices } = await replayed(disk, segments, imageOf(disk, sequence))
      deepEqual([lists, end.broken, end.seen], [[records], undefined, 4])
      const bytes = third - second
      deepEqual(notices, [{ kind: 'damage-not-needed', message: '', file: segments[0]?.name, offset: second, bytes }])
    }
    put(disk, segments[0] as Segment, first + 30, DAMAGE)
    put(disk, segments[0] as Segment, third + 30, DAMAGE)
    const { lists, notices } = await replayed(disk, segments, imageOf(disk, 3))
    deepEqual([lists, notices.map(({ offset, bytes }) => [offset, bytes])], [[[4]], [[first, fourth - first]]])
  })

  test('replay stops at a damaged record that no image covers, though there are frames behind it', async () => {
    const { disk, segments, offsets } = await diskWith([frame(1), frame(2), frame(3), frame(4)])
    const third = offsets[0]?.[2] ?? 0
    put(disk, segments[0] as Segment, third + 30, DAMAGE)
    for (const [sequence, records] of [
      [1, [[2]]],
      [2, []],
    ] as const) {
      const { lists, end, notices } = await replayed(disk, segments, imageOf(disk, sequence))
      deepEqual([lists, notices, end.broken], [records, [], { index: 0, offset: third }], `${sequence}`)
    }
  })

  test('replay takes a frame for the next one when the image covers the records before it, which are gone', async () => {
    const { disk, segments } = await diskWith([frame(1), frame(4), frame(5)])
    const { lists, end } = await replayed(disk, segments, imageOf(disk, 3))
    deepEqual([lists, end.broken, end.next], [[[4, 5]], undefined, 6])
    const gap = await replayed(disk, segments, imageOf(disk, 2))
    deepEqual([gap.lists, gap.end.next], [[], 3])
    put(disk, segments[0] as Segment, SEGMENT_HEADER_BYTES, frameBytesOf(segments[0] as Segment, frame(3, 1)))
    const another = await replayed(disk, segments, imageOf(disk, 3))
    deepEqual([another.lists, another.notices], [[[4, 5]], []])
  })
})
