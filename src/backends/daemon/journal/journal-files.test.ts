import { deepEqual, equal, notDeepEqual, ok, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { appendEach, openJournal, texts } from '../../../../test/simulator/opened.ts'
import type { Disk, Journal, JournalOptions, PastState } from './index.ts'
import type { ReadSoFar } from './reading.ts'

/** Without a reserve a segment is filled whether or not the next one is made already. */
const SMALL: JournalOptions = { segmentBytes: 8_192, reserveBytes: 0 }
const RETAINING: JournalOptions = { ...SMALL, retain: { ms: 1e9, bytes: 1e9 } }
/** So long that a segment holds one record and no second. */
const LONG_BYTES = 3_000
const imageName = (sequence: number) => `image-${String(sequence).padStart(16, '0')}`
const segmentName = (number: number) => `segment-${String(number).padStart(10, '0')}`
const emptyDisk = () => new SimulatedDisk(new Random(1))

/** Appends records from one number to another, each in a segment of its own, at a thousand times its number. */
async function appendLong(journal: Journal, first: number, last: number): Promise<void> {
  for (let number = first; number <= last; number++) {
    await appendEach(journal, [String(number).padEnd(LONG_BYTES)], 1_000 * number)
  }
}

/** The numbers of long records. */
async function numbers(lists: Parameters<typeof texts>[0]): Promise<number[]> {
  return (await texts(lists)).map(Number)
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate)
}

/** Changes a byte of an image's only chunk. */
function damage(disk: SimulatedDisk, name: string): void {
  const bytes = Buffer.from(disk.content(name) ?? '')
  bytes.writeUInt8(0xff, 48 + 4)
  disk.put(name, bytes)
}

/** A disk of which one operation on one file waits until it is let go on. */
function holding(disk: Disk, operation: 'open' | 'create', held: string) {
  let release: () => void = () => undefined
  let arrived = false
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const waiting = async (name: string) => {
    if (name === held) {
      arrived = true
      await gate
    }
    return disk[operation](name)
  }
  return { disk: { ...disk, [operation]: waiting }, release: () => release(), hasArrived: () => arrived }
}

describe('the files of a journal', () => {
  test('Journal.id is in each of its files, stays the same, and is no other journal’s', async () => {
    const disk = emptyDisk()
    const { journal } = await openJournal(disk.process(), SMALL)
    await appendEach(journal, ['one'])
    await journal.writeImage([Buffer.from('state')], journal.last)
    await journal.close()
    const id = Buffer.from(journal.id)
    equal(id.length, 16)
    for (const name of disk.names) deepEqual(disk.content(name)?.subarray(16, 32), id, name)
    const again = await openJournal(disk.process(), SMALL)
    deepEqual(again.journal.id, id)
    await again.journal.close()
    const other = await openJournal(emptyDisk().process(), SMALL)
    notDeepEqual(other.journal.id, id)
    await other.journal.close()
  })

  test('Journal goes on in the last segment that has records, and then in new ones, after every start', async () => {
    const disk = emptyDisk()
    for (let start = 0; start < 3; start++) {
      const { journal, records, notices } = await openJournal(disk.process(), SMALL)
      deepEqual([records.map(Number), notices], [Array.from({ length: 3 * start }, (_, index) => index + 1), []])
      await appendLong(journal, 3 * start + 1, 3 * start + 3)
      await journal.close()
    }
    // The last one has been made ahead.
    deepEqual(
      disk.names,
      Array.from({ length: 10 }, (_, index) => segmentName(index + 1)),
    )
  })

  test('Journal keeps its segments in the order of their numbers, in whatever order they are made', async () => {
    const disk = emptyDisk()
    const held = holding(disk.process(), 'create', `${segmentName(2)}.new`)
    const { journal } = await openJournal(held.disk, SMALL)
    await until(held.hasArrived)
    // It needs a larger segment than the next one, which is still being made.
    await appendEach(journal, ['x'.repeat(10_000)])
    held.release()
    await until(() => disk.names.includes(segmentName(2)) && disk.names.includes(segmentName(4)))
    await journal.writeImage([Buffer.from('state')], journal.last)
    deepEqual(disk.names, [imageName(1), segmentName(3), segmentName(4)], 'none is left behind')
    await journal.close()
  })

  test('Journal.failed tells of a segment that the disk refuses to make, though nobody waits for it', async () => {
    const disk = emptyDisk()
    const process = disk.process()
    const refused = Object.assign(new Error('not permitted'), { code: 'EACCES' })
    const create = (name: string) => (name.startsWith(segmentName(2)) ? Promise.reject(refused) : process.create(name))
    const { journal } = await openJournal({ ...process, create }, SMALL)
    equal((await journal.failed).cause, refused)
    await rejects(journal.close(), { code: 'ERR_MSGQ_JOURNAL_FAILED' })
  })
})

describe('images of a journal', () => {
  test('Journal.writeImage covers no record that never was', async () => {
    const { journal } = await openJournal(emptyDisk().process(), SMALL)
    await rejects(journal.writeImage([], journal.last), RangeError)
    await appendEach(journal, ['one'])
    await rejects(journal.writeImage([], { sequence: 2, time: 1_000 }), RangeError)
    await journal.writeImage([], journal.last)
    await journal.close()
  })

  test('Journal.open tells of all that it reads: the image twice, and the segments behind it', async () => {
    const disk = emptyDisk()
    const { journal } = await openJournal(disk.process(), RETAINING)
    for (const [index, imageBytes] of [100, 200, 5_000].entries()) {
      await appendLong(journal, index + 1, index + 1)
      await journal.writeImage([Buffer.alloc(imageBytes)], journal.last)
    }
    await appendLong(journal, 4, 5)
    await journal.close()
    const told: ReadSoFar[] = []
    const again = await openJournal(disk.process(), { ...RETAINING, onProgress: (read) => told.push(read) })
    await again.journal.close()
    const imageBytes = disk.content(imageName(3))?.length ?? 0
    // Of the fourth and the fifth record, and the one that is empty.
    const totalBytes = 2 * imageBytes + 3 * 8_192
    deepEqual([told.at(0), told.at(-1)?.totalBytes], [{ bytes: 5_000, totalBytes }, totalBytes])
  })

  test('Journal replays all records when the only image is damaged', async () => {
    const disk = emptyDisk()
    const { journal } = await openJournal(disk.process(), SMALL)
    await appendEach(journal, ['one', 'two'])
    await journal.writeImage([Buffer.from('state')], journal.last)
    await journal.close()
    damage(disk, imageName(2))
    const { journal: again, image, records, notices } = await openJournal(disk.process(), SMALL)
    deepEqual([image, records, notices.map(({ file }) => file)], [undefined, ['one', 'two'], [imageName(2)]])
    await again.close()
  })

  test('Journal.writeImage replaces an image that was found to be damaged', async () => {
    const disk = emptyDisk()
    const { journal } = await openJournal(disk.process(), RETAINING)
    for (const [index, record] of ['one', 'two'].entries()) {
      await appendEach(journal, [record])
      await journal.writeImage([Buffer.from(`state ${index + 1}`)], journal.last)
    }
    await journal.close()
    damage(disk, imageName(2))
    const { journal: again, image } = await openJournal(disk.process(), RETAINING)
    equal(image, 'state 1')
    await again.writeImage([Buffer.from('state 2')], again.last)
    await again.close()
    const { journal: third, image: whole, notices } = await openJournal(disk.process(), RETAINING)
    deepEqual([whole, notices], ['state 2', []])
    await third.close()
  })

  test('Journal goes on behind an image of its last record, and still looks back beyond it', async () => {
    const disk = emptyDisk()
    const { journal } = await openJournal(disk.process(), RETAINING)
    await appendLong(journal, 1, 2)
    await journal.writeImage([Buffer.from('state')], journal.last)
    await journal.close()
    const { journal: again, notices } = await openJournal(disk.process(), RETAINING)
    deepEqual([notices, await numbers(again.history())], [[], [1, 2]])
    await again.close()
  })
})

describe('records that an image covers are gone', () => {
  /** A journal of two records and an image of them, of which the second was lost. */
  async function diskWithout2() {
    const disk = emptyDisk()
    const { journal } = await openJournal(disk.process(), RETAINING)
    await appendEach(journal, ['one', 'two'], 1_000)
    await journal.writeImage([Buffer.from('state')], journal.last)
    await journal.close()
    const bytes = Buffer.from(disk.content(segmentName(1)) ?? '')
    disk.put(segmentName(1), bytes.fill(0, 4_096 + 40))
    return disk
  }

  test('Journal removes the records before them, goes on in an empty segment, and says so once', async () => {
    const disk = await diskWithout2()
    const { journal, records, notices } = await openJournal(disk.process(), RETAINING)
    deepEqual([records, notices.map(({ kind, file }) => [kind, file])], [[], [['history-ended', imageName(2)]]])
    deepEqual(await texts(journal.history()), [])
    await until(() => disk.names.includes(segmentName(3)))
    deepEqual(disk.names, [imageName(2), segmentName(2), segmentName(3)])
    await appendEach(journal, ['three'], 3_000)
    equal(journal.oldestInstant, 1_000)
    await journal.close()
    const again = await openJournal(disk.process(), RETAINING)
    deepEqual([again.image, again.records, again.notices], ['state', ['three'], []])
    // What is no longer there is not removed a second time.
    await again.journal.writeImage([Buffer.from('state 3')], again.journal.last)
    await again.journal.close()
  })

  test('Journal.writeImage after it removes what it covers', async () => {
    const disk = await diskWithout2()
    const { journal } = await openJournal(disk.process(), SMALL)
    await appendLong(journal, 3, 4)
    await journal.writeImage([Buffer.from('state 4')], journal.last)
    await until(() => disk.names.includes(segmentName(4)))
    deepEqual(disk.names, [imageName(4), segmentName(3), segmentName(4)])
    await journal.close()
  })

  test('Journal says nothing of records that are all gone, with their segments', async () => {
    for (const empty of [true, false]) {
      const disk = await diskWithout2()
      disk.take(segmentName(1))
      if (!empty) disk.take(segmentName(2))
      const { journal, image, records, notices } = await openJournal(disk.process(), SMALL)
      deepEqual([image, records, notices], ['state', [], []])
      await appendEach(journal, ['three'])
      await journal.close()
      const again = await openJournal(disk.process(), SMALL)
      deepEqual([again.records, again.notices], [['three'], []])
      await again.journal.close()
    }
  })
})

describe('what is being looked back at', () => {
  async function journalOf(records: number, disk = emptyDisk(), process: Disk = disk.process(), options = SMALL) {
    const opened = await openJournal(process, options)
    await appendLong(opened.journal, 1, records)
    return { disk, ...opened }
  }

  /** What is there of records: the segments whose first record is one of these. */
  const isThere = (disk: SimulatedDisk, record: number) => disk.names.includes(segmentName(record))

  test('Journal.at keeps what its state needs until it is disposed of, and no longer', async () => {
    const { disk, journal } = await journalOf(3)
    const past = (await journal.at(2_000)) as PastState
    await journal.writeImage([Buffer.from('state 3')], journal.last)
    ok(isThere(disk, 1))
    deepEqual([past.image, await numbers(past.records)], [undefined, [1, 2]])
    past[Symbol.dispose]()
    await appendLong(journal, 4, 4)
    await journal.writeImage([Buffer.from('state 4')], journal.last)
    deepEqual(
      [1, 2, 3, 4].map((record) => isThere(disk, record)),
      [false, false, false, true],
    )
    equal(await journal.at(2_000), undefined)
    await appendLong(journal, 5, 5)
    await journal.writeImage([Buffer.from('state 5')], journal.last)
    ok(!isThere(disk, 4), 'an instant that is not held keeps nothing')
    await journal.close()
  })

  test('Journal.at keeps everything while it looks for an image that is whole', async () => {
    const disk = emptyDisk()
    const held = holding(disk.process(), 'open', imageName(2))
    const { journal } = await journalOf(2, disk, held.disk)
    await journal.writeImage([Buffer.from('state 2')], journal.last)
    await appendLong(journal, 3, 3)
    const looking = journal.at(2_500)
    await until(held.hasArrived)
    await journal.writeImage([Buffer.from('state 3')], journal.last)
    equal(journal.oldestInstant, 2_000)
    held.release()
    const past = (await looking) as PastState
    deepEqual([past.image?.sequence, await numbers(past.records)], [2, []])
    past[Symbol.dispose]()
    const newest = (await journal.at(3_000)) as PastState
    equal(newest.image?.sequence, 3, 'the one that was written meanwhile')
    newest[Symbol.dispose]()
    await appendLong(journal, 4, 4)
    await journal.writeImage([Buffer.from('state 4')], journal.last)
    equal(journal.oldestInstant, 4_000)
    await journal.close()
  })

  test('Journal.at goes back to an older image where one is damaged, and says so', async () => {
    const { disk, journal, notices } = await journalOf(1, emptyDisk(), undefined, RETAINING)
    for (const number of [1, 2]) {
      if (number > 1) await appendLong(journal, number, number)
      await journal.writeImage([Buffer.from(`state ${number}`)], journal.last)
    }
    const whole = (await journal.at(2_000)) as PastState
    deepEqual([whole.image?.sequence, await numbers(whole.records), notices], [2, [], []])
    damage(disk, imageName(2))
    const older = (await journal.at(2_000)) as PastState
    deepEqual([older.image?.sequence, await numbers(older.records)], [1, [2]])
    deepEqual(
      notices.map(({ kind, file }) => [kind, file]),
      [['damage-not-needed', imageName(2)]],
    )
    for (const past of [whole, older]) past[Symbol.dispose]()
    await journal.close()
  })

  test('Journal.history keeps what it has not read yet, and nothing afterwards', async () => {
    const { disk, journal } = await journalOf(4)
    const reading = journal.history()
    const { value: first } = await reading.next()
    equal(first?.[0]?.sequence, 1)
    await journal.writeImage([Buffer.from('state 4')], journal.last)
    equal(journal.oldestInstant, 1_000)
    const past = (await journal.at(4_000)) as PastState
    equal(past.image?.sequence, 4, 'nor does it keep what is new from being used')
    past[Symbol.dispose]()
    ok(isThere(disk, 1))
    deepEqual(await numbers(reading), [2, 3, 4])
    await appendLong(journal, 5, 5)
    await journal.writeImage([Buffer.from('state 5')], journal.last)
    deepEqual(
      [1, 2, 3, 4, 5].map((record) => isThere(disk, record)),
      [false, false, false, false, true],
    )
    await journal.close()
  })

  test('Journal.history begins with the first record, in whichever segment it is, and is empty without any', async () => {
    const { journal } = await openJournal(emptyDisk().process(), SMALL)
    deepEqual(await texts(journal.history()), [])
    // Too large for the first segment, which stays empty.
    const large = 'x'.repeat(10_000)
    await appendEach(journal, [large])
    deepEqual(await texts(journal.history()), [large])
    await journal.close()
  })
})
