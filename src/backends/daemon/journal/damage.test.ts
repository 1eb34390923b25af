import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { appendEach, type Opened, openJournal } from '../../../../test/simulator/opened.ts'
import { JournalError, type JournalOptions } from './index.ts'

const SEGMENT_HEADER_BYTES = 4_096
const FIRST = 'segment-0000000001'
const SECOND = 'segment-0000000002'
const SMALL: JournalOptions = { segmentBytes: 8_192 }
/** So long that a segment holds three. */
const LONG = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh'].map((word) => word.padEnd(1_200, '.'))

/** A disk with a journal of these records, which was closed. */
async function diskWith(records: readonly string[], options: JournalOptions = SMALL): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(new Random(1))
  const { journal } = await openJournal(disk.process(), options)
  await appendEach(journal, records)
  await journal.close()
  return disk
}

/** Changes bytes of a file on the disk. */
function change(disk: SimulatedDisk, name: string, edit: (bytes: Buffer) => void): void {
  const bytes = Buffer.from(disk.content(name) ?? '')
  edit(bytes)
  disk.put(name, bytes)
}

/** What is in a journal, which is closed again. */
async function contentOf(disk: SimulatedDisk, options: JournalOptions = SMALL): Promise<Opened> {
  const opened = await openJournal(disk.process(), options)
  await opened.journal.close()
  return opened
}

function damaged(lost: JournalError['lost']): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof JournalError)
    equal(error.code, 'ERR_MSGQ_JOURNAL_DAMAGED')
    deepEqual(error.lost, lost)
    return true
  }
}

describe('a torn tail', () => {
  test('Journal cuts off a last frame that is not whole, and says where and how much', async () => {
    const disk = await diskWith(['kept', 'torn'])
    const last = SEGMENT_HEADER_BYTES + 40
    change(disk, FIRST, (bytes) => bytes.fill(0xff, last + 32, last + 34))
    const { records, notices } = await contentOf(disk)
    deepEqual(records, ['kept'])
    const [{ kind, file, offset, bytes } = {}] = notices
    deepEqual({ kind, file, offset, bytes }, { kind: 'torn-tail', file: FIRST, offset: last, bytes: 36 })
    deepEqual((await contentOf(disk)).notices, [], 'once')
  })

  test('Journal appends where it has cut, and nothing of what was cut comes back', async () => {
    const disk = await diskWith(['kept', 'torn', 'behind'])
    // As a power cut leaves one write of two frames: the first is lost, the second is there.
    change(disk, FIRST, (bytes) => bytes.fill(0, SEGMENT_HEADER_BYTES + 80))
    change(disk, FIRST, (bytes) => bytes.fill(1, SEGMENT_HEADER_BYTES + 40, SEGMENT_HEADER_BYTES + 44))
    const { journal } = await openJournal(disk.process(), SMALL)
    await appendEach(journal, ['next'])
    await journal.close()
    deepEqual((await contentOf(disk)).records, ['kept', 'next'])
  })
})

describe('damage before the tail', () => {
  test('Journal refuses to go on when a record is damaged that was durable, says which, and changes nothing', async () => {
    const disk = await diskWith(LONG)
    change(disk, FIRST, (bytes) => bytes.fill(1, SEGMENT_HEADER_BYTES + 1_300, SEGMENT_HEADER_BYTES + 1_301))
    const before = disk.names.map((name) => disk.content(name)?.toString('latin1'))
    await rejects(contentOf(disk), damaged({ first: 2, last: 2 }))
    deepEqual(
      disk.names.map((name) => disk.content(name)?.toString('latin1')),
      before,
    )
  })

  test('Journal refuses to go on when a segment is missing', async () => {
    const disk = await diskWith(LONG)
    disk.take(SECOND)
    await rejects(contentOf(disk), damaged({ first: 4, last: 6 }))
  })

  test('Journal refuses to go on when a segment has lost its header', async () => {
    const disk = await diskWith(LONG)
    change(disk, SECOND, (bytes) => bytes.fill(0, 0, 512))
    await rejects(contentOf(disk), damaged({ first: 4, last: 6 }))
  })

  test('Journal goes on without what acceptLoss gives up, and keeps that in a file', async () => {
    const disk = await diskWith(LONG)
    const damage = SEGMENT_HEADER_BYTES + 1_232
    change(disk, FIRST, (bytes) => bytes.fill(1, damage + 100, damage + 101))
    const { journal, records, notices } = await openJournal(disk.process(), { ...SMALL, acceptLoss: true })
    deepEqual(records, LONG.slice(0, 1))
    await appendEach(journal, ['next'])
    await journal.close()
    deepEqual((await contentOf(disk)).records, [LONG[0], 'next'])
    deepEqual(
      notices.map(({ kind, file }) => [kind, file]),
      [
        ['set-aside', `lost-${FIRST}-${damage}`],
        ['set-aside', `lost-${SECOND}-${SEGMENT_HEADER_BYTES}`],
        ['set-aside', `lost-segment-0000000003-${SEGMENT_HEADER_BYTES}`],
      ],
    )
    match(disk.content(`lost-${FIRST}-${damage}`)?.toString('latin1') ?? '', /third\.+/)
    match(disk.content(`lost-${SECOND}-${SEGMENT_HEADER_BYTES}`)?.toString('latin1') ?? '', /fourth\.+.*sixth/s)
  })

  test('Journal never takes a changed bit for a record, wherever it is', async () => {
    const records = ['one', 'two', 'three', 'four']
    const whole = await diskWith(records)
    const bits = SEGMENT_HEADER_BYTES + 4 * 40 + 8
    for (let at = 0; at < bits; at += at < 64 || at >= SEGMENT_HEADER_BYTES ? 1 : 61) {
      const disk = new SimulatedDisk(new Random(1))
      for (const name of whole.names) disk.put(name, whole.content(name) ?? Buffer.alloc(0))
      change(disk, FIRST, (bytes) => bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << (at % 8)), at))
      const read = await contentOf(disk).catch((error: unknown) => error)
      if (read instanceof JournalError) continue
      ok(!(read instanceof Error), `byte ${at}: ${read}`)
      const { records: found, notices } = read as Opened
      deepEqual(found, records.slice(0, found.length), `byte ${at}`)
      // What is lost in silence can only be what nothing uses, and what is lost at all can only be the last.
      ok(found.length >= 3 && (found.length === 4 || notices.length > 0), `byte ${at}: ${found.length} records`)
    }
  })
})

describe('damage that costs nothing', () => {
  test('Journal goes on over a damaged record that the image covers', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const { journal } = await openJournal(disk.process(), SMALL)
    await appendEach(journal, ['covered', 'also covered'])
    await journal.writeImage([Buffer.from('state')], journal.last)
    await appendEach(journal, ['after'])
    await journal.close()
    change(disk, FIRST, (bytes) => bytes.fill(0xff, SEGMENT_HEADER_BYTES + 4, SEGMENT_HEADER_BYTES + 8))
    const { image, records, notices } = await contentOf(disk)
    deepEqual([image, records], ['state', ['after']])
    deepEqual(
      notices.map(({ kind }) => kind),
      ['damage-not-needed'],
    )
  })

  test('Journal ends history where records that the image covers are gone, and loses nothing of the state', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const { journal } = await openJournal(disk.process(), SMALL)
    await appendEach(journal, ['covered', 'also covered'])
    await journal.writeImage([Buffer.from('state')], journal.last)
    await journal.close()
    change(disk, FIRST, (bytes) => bytes.fill(0, SEGMENT_HEADER_BYTES + 40))
    const { journal: again, image, records, notices } = await openJournal(disk.process(), SMALL)
    deepEqual([image, records, notices.map(({ kind }) => kind)], ['state', [], ['history-ended']])
    await appendEach(again, ['third'])
    equal(again.last.sequence, 3)
    await again.close()
    deepEqual((await contentOf(disk)).records, ['third'])
  })

  test('Journal takes an older image, and the records after it, when the newest is damaged', async () => {
    const { disk, newest } = await diskWithTwoImages({ ms: 1e9, bytes: 1e9 })
    change(disk, newest, (bytes) => bytes.writeUInt8(0xff, bytes.length - 40))
    const { image, records, notices } = await contentOf(disk)
    deepEqual([image, records], ['state 1', ['two', 'three']])
    deepEqual(
      notices.map(({ kind, file }) => [kind, file]),
      [['damage-not-needed', newest]],
    )
  })

  test('Journal refuses to go on when the only image is damaged, and says which records it covers', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const { journal } = await openJournal(disk.process(), SMALL)
    await appendEach(journal, LONG)
    await journal.writeImage([Buffer.from('state')], journal.last)
    await journal.close()
    change(disk, 'image-0000000000000007', (bytes) => bytes.fill(0, 0, 8))
    await rejects(contentOf(disk), damaged({ first: 1, last: 6 }))
  })
})

async function diskWithTwoImages(retain: JournalOptions['retain'] & object) {
  const disk = new SimulatedDisk(new Random(1))
  const { journal } = await openJournal(disk.process(), { ...SMALL, retain })
  await appendEach(journal, ['one'])
  await journal.writeImage([Buffer.from('state '), Buffer.from('1')], journal.last)
  await appendEach(journal, ['two'])
  await journal.writeImage([Buffer.from('state 2')], journal.last)
  await appendEach(journal, ['three'])
  await journal.close()
  return { disk, newest: 'image-0000000000000002' }
}

describe('files that are not this journal', () => {
  test('Journal.open refuses a newer format, whatever else there is', async () => {
    const disk = await diskWith(['one'])
    change(disk, FIRST, (bytes) => {
      bytes.writeUInt32LE(2, 8)
      bytes.writeUInt32LE(crc32(bytes.subarray(0, 44)), 44)
    })
    await rejects(contentOf(disk), { code: 'ERR_MSGQ_JOURNAL_VERSION', file: FIRST })
  })

  test('Journal.open refuses a segment of another journal', async () => {
    const disk = await diskWith(['one'])
    const other = await diskWith(LONG)
    disk.put('segment-0000000003', other.content('segment-0000000003') ?? Buffer.alloc(0))
    await rejects(contentOf(disk), { code: 'ERR_MSGQ_JOURNAL_DAMAGED', file: 'segment-0000000003' })
    equal(disk.isLocked, false)
  })

  test('Journal.open removes what was never finished, and leaves other files alone', async () => {
    const disk = await diskWith(['one'])
    disk.put('image-0000000000000001.new', Buffer.from('half'))
    disk.put('notes', Buffer.from('mine'))
    await contentOf(disk)
    deepEqual(disk.names, ['notes', FIRST, SECOND])
  })
})
