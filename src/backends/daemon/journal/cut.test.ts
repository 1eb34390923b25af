import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import {
  frame,
  frameBytesOf,
  SEGMENT_BYTES,
  type WrittenFrame,
  writeSegments,
} from '../../../../test/simulator/segments.ts'
import { watched } from '../../../../test/simulator/watched.ts'
import { cutBehind } from './cut.ts'
import { JournalError, type JournalNotice, type Lost } from './errors.ts'
import { Reading } from './reading.ts'
import { type EndOfRecords, replay } from './replay.ts'
import { SEGMENT_HEADER_BYTES, type Segment } from './segment.ts'

async function diskWith(...contents: readonly (readonly WrittenFrame[])[]) {
  const disk = new SimulatedDisk(new Random(1))
  return { disk, ...(await writeSegments(disk.process(), contents)) }
}

/** Changes bytes of a segment, for good. */
function put(disk: SimulatedDisk, { name }: Segment, offset: number, bytes: Uint8Array): void {
  const content = Buffer.from(disk.content(name) ?? '')
  content.set(bytes, offset)
  disk.put(name, content)
}

async function endOf(disk: SimulatedDisk, segments: readonly Segment[]) {
  const replaying = replay(disk.process(), segments, undefined, () => undefined, new Reading(1, () => undefined))
  const records: number[] = []
  for (;;) {
    const { done, value } = await replaying.next()
    if (done) return { end: value, records }
    records.push(...value.map(({ sequence }) => sequence))
  }
}

/** Cuts what is behind the records, as a journal that is opened does. */
async function cut(disk: SimulatedDisk, segments: readonly Segment[], acceptLoss = false) {
  const { end } = await endOf(disk, segments)
  const notices: JournalNotice[] = []
  const onNotice = (notice: JournalNotice) => notices.push(notice)
  const left = await cutBehind(disk.process(), segments, end, { acceptLoss, onNotice })
  return { left, notices: notices.map(({ kind, file, offset, bytes }) => ({ kind, file, offset, bytes })) }
}

const bytesOf = (disk: SimulatedDisk, { name }: Segment) => disk.content(name) ?? Buffer.alloc(0)
const isZero = (bytes: Buffer) => bytes.every((byte) => byte === 0)
const DAMAGE = Uint8Array.of(0xff)
const QUIETLY = { acceptLoss: false, onNotice: () => undefined }

describe('cutBehind', () => {
  test('cutBehind leaves a journal alone that ends with its records', async () => {
    const { disk, segments } = await diskWith([frame(1), frame(2)], [frame(3)], [])
    const before = segments.map((segment) => Buffer.from(bytesOf(disk, segment)))
    deepEqual(await cut(disk, segments), { left: segments, notices: [] })
    deepEqual(
      segments.map((segment) => bytesOf(disk, segment)),
      before,
    )
  })

  test('cutBehind writes zeros over an interrupted write, and tells of it once', async () => {
    const { disk, segments, offsets } = await diskWith([
      frame(1),
      frame(2, 1, { flushed: 1 }),
      frame(3, 1, { flushed: 1 }),
    ])
    const [segment] = segments as [Segment]
    const [, second = 0, , end = 0] = offsets[0] ?? []
    put(disk, segment, second + 26, DAMAGE)
    // The last byte of the third that is not zero: a record's text and its padding.
    const bytes = end - second - (frameBytesOf(segment, frame(3)).length - 24 - 8 - 'record 3'.length)
    const { left, notices } = await cut(disk, segments)
    deepEqual(left, segments)
    deepEqual(notices, [{ kind: 'torn-tail', file: segment.name, offset: second, bytes }])
    ok(isZero(bytesOf(disk, segment).subarray(second)))
    deepEqual((await endOf(disk, segments)).records, [1])
    deepEqual((await cut(disk, segments)).notices, [])
    equal(disk.isDirty, false, 'all of it is on the disk')
  })

  test('cutBehind removes what an interrupted write left in later segments, and has no more of them', async () => {
    const told = { flushed: 1 }
    const { disk, segments } = await diskWith([frame(1), frame(2, 1, told)], [frame(3, 1, told)], [])
    const [first, second, third] = segments as [Segment, Segment, Segment]
    const place = SEGMENT_HEADER_BYTES + frameBytesOf(first, frame(1)).length
    put(disk, first, place + 26, DAMAGE)
    const { left, notices } = await cut(disk, segments)
    deepEqual(left, [first, third])
    deepEqual(disk.names, [first.name, third.name])
    const bytes = Buffer.from(frameBytesOf(first, frame(2))).length + frameBytesOf(second, frame(3)).length
    deepEqual(
      notices.map(({ kind, file, offset }) => [kind, file, offset]),
      [['torn-tail', first.name, place]],
    )
    ok((notices[0]?.bytes ?? 0) > bytes - 16 && (notices[0]?.bytes ?? 0) <= bytes, 'of both')
    disk.cutPower()
    deepEqual(disk.names, [first.name, third.name], 'for good')
  })

  test('cutBehind writes zeros into the segment that is gone on with, and into no other', async () => {
    // Each segment's last place is within the records of the one before it.
    const told = { flushed: 4 }
    const { disk, segments, offsets } = await diskWith(
      [frame(1, 40), frame(41, 40)],
      [frame(81), frame(82, 1, told)],
      [frame(83, 1, told)],
      [],
    )
    const [first, second, third, fourth] = segments as [Segment, Segment, Segment, Segment]
    const place = offsets[1]?.[1] ?? 0
    put(disk, second, place + 26, DAMAGE)
    const before = Buffer.from(bytesOf(disk, first))
    const { end } = await endOf(disk, segments)
    const { disk: process, log, openFiles } = watched(disk.process())
    deepEqual(await cutBehind(process, segments, { ...end, flushed: 81 }, QUIETLY), [first, second, fourth])
    deepEqual(bytesOf(disk, first), before)
    ok(isZero(bytesOf(disk, second).subarray(place)))
    deepEqual(
      log.filter((line) => !/^(open|read|close)/.test(line)).map((line) => line.replace(/: .*/, '')),
      [`write ${second.name} at ${place}`, `flush ${second.name}`, `remove ${third.name}`, 'flush names'],
    )
    equal(openFiles(), 0)
  })

  test('cutBehind says of a segment all of which is cut that it has no record', async () => {
    const { disk, segments } = await diskWith([frame(2, 1, { flushed: 0 })])
    const [segment] = segments as [Segment]
    equal(segment.first, 2)
    const { left, notices } = await cut(disk, segments)
    deepEqual(left, [segment])
    equal(segment.first, undefined)
    deepEqual(
      notices.map(({ offset }) => offset),
      [SEGMENT_HEADER_BYTES],
    )
    const another = await diskWith([frame(1), frame(3, 1, { flushed: 0 })])
    await cut(another.disk, another.segments)
    equal(another.segments[0]?.first, 1)
  })

  test('cutBehind removes an empty segment without a header, and says nothing', async () => {
    const { disk, segments } = await diskWith([frame(1)], [])
    const [first, second] = segments as [Segment, Segment]
    disk.put(second.name, Buffer.alloc(SEGMENT_BYTES))
    const headless = { ...second, salt: undefined }
    deepEqual(await cut(disk, [first, headless]), { left: [first], notices: [] })
    deepEqual(disk.names, [first.name])
  })
})

describe('cutBehind where records were lost', () => {
  async function refused(
    disk: SimulatedDisk,
    segments: readonly Segment[],
    place: readonly [file: string, offset: number],
    lost: Lost,
  ) {
    const before = disk.names.map((name) => [name, disk.content(name)?.toString('hex')])
    await rejects(cut(disk, segments), (error) => {
      ok(error instanceof JournalError && error.code === 'ERR_MSGQ_JOURNAL_DAMAGED', `${error}`)
      deepEqual([error.file, error.offset, error.lost], [...place, lost])
      const { first, last } = lost
      match(
        error.message,
        last === undefined
          ? new RegExp(`records from ${first} on cannot`)
          : new RegExp(`records ${first} to ${last} cannot`),
      )
      return true
    })
    deepEqual(
      disk.names.map((name) => [name, disk.content(name)?.toString('hex')]),
      before,
      'nothing was changed',
    )
  }

  test('cutBehind refuses to cut off a frame that knew of the missing record that it was on the disk', async () => {
    for (const flushed of [0, 1, 2, 3]) {
      const { disk, segments, offsets } = await diskWith([
        frame(1),
        frame(2, 1, { flushed: 0 }),
        frame(4, 1, { flushed }),
      ])
      const [segment] = segments as [Segment]
      const second = offsets[0]?.[1] ?? 0
      put(disk, segment, second + 26, DAMAGE)
      if (flushed >= 2) await refused(disk, segments, [segment.name, second], { first: 2, last: 3 })
      else
        deepEqual(
          (await cut(disk, segments)).notices.map(({ kind }) => kind),
          ['torn-tail'],
        )
    }
  })

  test('cutBehind looks at every frame behind, in every segment', async () => {
    const { disk, segments, offsets } = await diskWith(
      [frame(1), frame(2), frame(3, 1, { flushed: 1 }), frame(4, 1, { flushed: 1 })],
      [frame(5, 1, { flushed: 1 }), frame(6, 1, { flushed: 2 })],
    )
    const [segment] = segments as [Segment]
    const second = offsets[0]?.[1] ?? 0
    put(disk, segment, second + 26, DAMAGE)
    await refused(disk, segments, [segment.name, second], { first: 2, last: 2 })
  })

  test('cutBehind refuses where a segment has lost its header, and is not empty', async () => {
    const { disk, segments, offsets } = await diskWith([frame(1)], [frame(2)], [frame(4)])
    const [first, second, third] = segments as [Segment, Segment, Segment]
    const headless = { ...second, salt: undefined, first: undefined }
    const place = [second.name, SEGMENT_HEADER_BYTES] as const
    await refused(disk, [first, headless], place, { first: 2 })
    await refused(disk, [first, headless, third], place, { first: 2, last: 3 })
    equal(offsets[0]?.length, 2)
  })

  test('cutBehind takes nothing for a frame behind the lost records in a segment without a header', async () => {
    const { disk, segments } = await diskWith([frame(1)], [])
    const [first, second] = segments as [Segment, Segment]
    const headless = { ...second, salt: undefined }
    put(disk, headless, SEGMENT_HEADER_BYTES, frameBytesOf(headless, frame(4)))
    await refused(disk, [first, headless], [second.name, SEGMENT_HEADER_BYTES], { first: 2 })
  })

  test('cutBehind says where the loss ends only when a later record tells', async () => {
    const { disk, segments } = await diskWith([frame(1)], [frame(4), frame(2)])
    const [first, second] = segments as [Segment, Segment]
    // The record that is missing stands there too, where none can be: no number ends before it begins.
    await refused(disk, segments, [second.name, SEGMENT_HEADER_BYTES], { first: 2 })
    equal(first.first, 1)
  })

  test('cutBehind with acceptLoss goes on behind what is there, though the next segment has lost its header', async () => {
    for (const contents of [[[frame(1), frame(2)]], []]) {
      const { disk, segments } = await diskWith(...contents, [frame(3)])
      const headless = { ...(segments.at(-1) as Segment), salt: undefined, first: undefined }
      const { disk: process, openFiles } = watched(disk.process())
      const whole = segments.slice(0, -1)
      const { end, records } = await endOf(disk, [...whole, headless])
      deepEqual(await cutBehind(process, [...whole, headless], end, { ...QUIETLY, acceptLoss: true }), whole)
      deepEqual((await endOf(disk, whole)).records, records)
      deepEqual(disk.names, [`lost-${headless.name}-${SEGMENT_HEADER_BYTES}`, ...whole.map(({ name }) => name)])
      equal(openFiles(), 0)
    }
  })

  test('cutBehind takes no number for a lost record that no journal comes to', async () => {
    for (const [first, isLost] of [
      [2 ** 40 + 2, true],
      [2 ** 40 + 3, false],
    ] as const) {
      const { disk, segments, offsets } = await diskWith([frame(1), frame(2)])
      const [segment] = segments as [Segment]
      const second = offsets[0]?.[1] ?? 0
      put(disk, segment, second, frameBytesOf(segment, frame(first, 1, { time: 1 })))
      if (isLost) await refused(disk, segments, [segment.name, second], { first: 2, last: first - 1 })
      else
        deepEqual(
          (await cut(disk, segments)).notices.map(({ kind }) => kind),
          ['torn-tail'],
        )
    }
  })

  test('cutBehind with acceptLoss keeps what it cuts, each segment’s part in a file of a name that is free', async () => {
    const { disk, segments, offsets } = await diskWith([frame(1), frame(2), frame(3)], [frame(4)])
    const [first, second] = segments as [Segment, Segment]
    const place = offsets[0]?.[1] ?? 0
    put(disk, first, place + 26, DAMAGE)
    const names = [`lost-${first.name}-${place}`, `lost-${second.name}-${SEGMENT_HEADER_BYTES}`] as const
    disk.put(names[0], Buffer.from('of an earlier time'))
    disk.put(`${names[0]}-2`, Buffer.from('and another'))
    const whole = Buffer.from(bytesOf(disk, first))
    const { left, notices } = await cut(disk, segments, true)
    deepEqual(left, [first])
    deepEqual(disk.names, [names[0], `${names[0]}-2`, `${names[0]}-3`, names[1], first.name])
    const kept = disk.content(`${names[0]}-3`) ?? Buffer.alloc(0)
    deepEqual(kept, whole.subarray(place, place + kept.length))
    ok(isZero(whole.subarray(place + kept.length)) && kept.at(-1) !== 0, 'up to the last that is not zero')
    equal(disk.content(names[1])?.toString('latin1').includes('record 4'), true)
    deepEqual(
      notices,
      [`${names[0]}-3`, names[1]].map((file, index) => ({
        ...{ kind: 'set-aside', file, bytes: disk.content(file)?.length },
        offset: index === 0 ? place : SEGMENT_HEADER_BYTES,
      })),
    )
    deepEqual((await endOf(disk, left)).records, [1])
    const names5 = disk.names
    disk.cutPower()
    deepEqual(disk.names, names5)
    deepEqual(disk.content(`${names[0]}-3`), kept, 'it was on the disk before its place was written over')
  })
})

describe('cutBehind of what is seen and may not be on the disk', () => {
  /** What a process sees of frames whose flush has failed: Linux takes their pages for written. */
  async function diskThatFailed(...contents: readonly (readonly WrittenFrame[])[]) {
    const made = await diskWith(...contents)
    made.disk.faults = { shortWrites: 0, failedFlushes: 1_000 }
    for (const { name } of made.segments) {
      const file = await made.disk.process().open(name)
      await rejects(file.flush(), { code: 'EIO' })
    }
    made.disk.faults = { shortWrites: 0, failedFlushes: 0 }
    equal(made.disk.isDirty, false)
    return made
  }

  test('cutBehind writes again and flushes every frame that nothing says is on the disk', async () => {
    for (let seed = 0; seed < 4; seed++) {
      const told = { flushed: 0 }
      const { disk, segments } = await diskThatFailed(
        [frame(1, 40, told), frame(41, 3, told)],
        [frame(44, 1, told), frame(45, 1, told)],
      )
      deepEqual((await cut(disk, segments)).notices, [])
      disk.cutPower()
      const records = Array.from({ length: 45 }, (_, index) => index + 1)
      deepEqual((await endOf(disk, segments)).records, records)
    }
  })

  test('cutBehind writes nothing again that a later frame says was on the disk', async () => {
    const { disk, segments } = await diskWith([frame(1)], [frame(2), frame(3)], [frame(4, 1, { flushed: 2 })])
    const { disk: process, log } = watched(disk.process())
    const { end } = await endOf(disk, segments)
    const [, second, third] = segments as [Segment, Segment, Segment]
    const behind = SEGMENT_HEADER_BYTES + frameBytesOf(second, frame(2)).length
    await cutBehind(process, segments, end, QUIETLY)
    const [written] = [log.filter((line) => line.startsWith('write'))]
    const bytes = (each: WrittenFrame) => frameBytesOf(second, each).length
    deepEqual(written, [
      `write ${second.name} at ${behind}: ${bytes(frame(3))}`,
      `write ${third.name} at ${SEGMENT_HEADER_BYTES}: ${bytes(frame(4))}`,
    ])
    log.length = 0
    const flushed: EndOfRecords = { ...end, flushed: 4 }
    await cutBehind(process, segments, flushed, QUIETLY)
    deepEqual(log, ['flush names'], 'a name may be new: nothing else is touched')
  })
})
