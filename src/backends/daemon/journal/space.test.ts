import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { appendEach, openJournal } from '../../../../test/simulator/opened.ts'
import { type JournalOptions, RECORD_BYTES_MAX } from './index.ts'
import { LOOK_AGAIN_MS } from './supply.ts'

const SEGMENT_BYTES = 65_536
const RESERVE_BYTES = 8_192
const OPTIONS: JournalOptions = { segmentBytes: SEGMENT_BYTES, reserveBytes: RESERVE_BYTES }
const SEND = Buffer.alloc(500, 1)
const RECEIVE = Buffer.alloc(100, 2)

/** A disk that has room for so many segments, and a journal on it. */
async function journalOn(segments: number) {
  const disk = new SimulatedDisk(new Random(1))
  disk.capacity = segments * SEGMENT_BYTES
  return { disk, ...(await openJournal(disk.process(), OPTIONS)) }
}

describe('a full disk', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  test('canAppend refuses before the reserve is used, and every record that it allowed is durable', async () => {
    const { journal, notices } = await journalOn(2)
    let sent = 0
    for (; journal.canAppend(SEND.length); sent++) await appendEach(journal, [SEND.toString()])
    ok(sent * SEND.length > 1.6 * SEGMENT_BYTES, 'two segments but for the reserve and the headers')
    deepEqual(
      notices.map(({ kind }) => kind),
      ['disk-full'],
    )
    equal(journal.durable, sent)
    throws(() => journal.append(SEND, 0), /assertion/)
    await journal.close()
  })

  test('canAppend still allows what frees space, as much of it as the reserve holds', async () => {
    const { journal } = await journalOn(2)
    while (journal.canAppend(SEND.length)) await appendEach(journal, [SEND.toString()])
    let received = 0
    for (; journal.canAppend(RECEIVE.length, { freesSpace: true }); received++) {
      journal.append(RECEIVE, 0, { freesSpace: true })
      await journal.whenDurable()
    }
    ok(received * (RECEIVE.length + 40) >= RESERVE_BYTES - 200, `${received} receives`)
    await journal.close()
  })

  test('canAppend allows everything once there is room again, though nobody asked meanwhile', async () => {
    const { disk, journal, notices } = await journalOn(2)
    while (journal.canAppend(SEND.length)) await appendEach(journal, [SEND.toString()])
    disk.capacity += SEGMENT_BYTES
    mock.timers.tick(LOOK_AGAIN_MS)
    while (notices.at(-1)?.kind !== 'disk-has-room') await new Promise(setImmediate)
    ok(journal.canAppend(SEND.length))
    await appendEach(journal, [SEND.toString()])
    await journal.close()
  })

  test('canAppend refuses no receive once there is room again, though only receives were asked for since', async () => {
    const { disk, journal, notices } = await journalOn(2)
    while (journal.canAppend(SEND.length)) await appendEach(journal, [SEND.toString()])
    disk.capacity += SEGMENT_BYTES
    ok(journal.canAppend(RECEIVE.length, { freesSpace: true }))
    mock.timers.tick(LOOK_AGAIN_MS)
    while (notices.at(-1)?.kind !== 'disk-has-room') await new Promise(setImmediate)
    // Twice what the reserve holds.
    for (let received = 0; received * RECEIVE.length < 2 * RESERVE_BYTES; received++) {
      ok(journal.canAppend(RECEIVE.length, { freesSpace: true }), `receive ${received}`)
      journal.append(RECEIVE, 0, { freesSpace: true })
      await journal.whenDurable()
    }
    await journal.close()
  })

  test('Journal.writeImage fails without harm, and where it succeeds it makes room for records', async () => {
    const { disk, journal } = await journalOn(3)
    while (journal.canAppend(SEND.length)) await appendEach(journal, [SEND.toString()])
    await rejects(journal.writeImage([Buffer.alloc(100)], journal.last), { code: 'ENOSPC' })
    deepEqual(disk.names, ['segment-0000000001', 'segment-0000000002', 'segment-0000000003'])
    journal.append(RECEIVE, 0, { freesSpace: true })
    disk.capacity += 1_000
    await journal.writeImage([Buffer.alloc(100)], journal.last)
    mock.timers.tick(LOOK_AGAIN_MS)
    while (!journal.canAppend(SEND.length)) await new Promise(setImmediate)
    await appendEach(journal, [SEND.toString()])
    await journal.close()
    equal(disk.names.length, 3, 'the image, the segment that was full, and a new one')
    equal(disk.names[1], 'segment-0000000003')
  })

  test('Journal.open says ENOSPC when there is no room for a first segment', async () => {
    const disk = new SimulatedDisk(new Random(1))
    disk.capacity = SEGMENT_BYTES - 1
    await rejects(openJournal(disk.process(), OPTIONS), { code: 'ENOSPC' })
    deepEqual(disk.names, [])
  })
})

describe('records and segments', () => {
  test('Journal.append makes a segment as large as a record needs', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const { journal } = await openJournal(disk.process(), OPTIONS)
    const large = 'x'.repeat(3 * SEGMENT_BYTES)
    await appendEach(journal, ['before', large, 'after'])
    await journal.close()
    const { journal: again, records } = await openJournal(disk.process(), OPTIONS)
    deepEqual(records, ['before', large, 'after'])
    await again.close()
  })

  test('Journal.append refuses a record that is too long, or of no time, and appends nothing', async () => {
    const { journal } = await journalOn(2)
    throws(() => journal.append({ length: RECORD_BYTES_MAX + 1 } as Uint8Array, 0), RangeError)
    for (const time of [-1, Number.NaN, 2 ** 48]) throws(() => journal.append(SEND, time), RangeError)
    equal(journal.last.sequence, 0)
    await journal.close()
  })

  test('Journal.open refuses options that are out of range', async () => {
    const disk = new SimulatedDisk(new Random(1))
    for (const options of [
      { segmentBytes: 100 },
      { segmentBytes: 2 ** 31 },
      { reserveBytes: 2 ** 24 },
      { intervalMs: 0 },
    ]) {
      await rejects(openJournal(disk.process(), options), RangeError)
    }
    equal(disk.isLocked, false)
  })
})
