import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { appendEach, openJournal, texts } from '../../../../test/simulator/opened.ts'
import { Journal, JournalError, type JournalOptions, openDisk } from './index.ts'

const APPENDING_PROCESS = fileURLToPath(new URL('../../../../test/simulator/appending-process.js', import.meta.url))
const directory = fs.mkdtempSync(path.join(tmpdir(), 'msgq-journal-'))
let made = 0
const fresh = () => path.join(directory, String(made++))
const SMALL: JournalOptions = { segmentBytes: 65_536 }

after(() => fs.rmSync(directory, { recursive: true }))

async function opened(place: string, options: JournalOptions = SMALL) {
  return openJournal(await openDisk(place), options)
}

describe('Journal in a directory', () => {
  test('Journal.open gives back what was appended, in order, with number and time', async () => {
    const place = path.join(fresh(), 'made', 'too')
    const { journal, records } = await opened(place)
    deepEqual([records, journal.last, journal.oldestInstant], [[], { sequence: 0, time: 0 }, undefined])
    await appendEach(journal, ['one', ''], 1_000)
    // Time does not go back.
    equal(journal.append(Buffer.from('three'), 900.7), 3)
    deepEqual(journal.last, { sequence: 3, time: 1_000 })
    await journal.close()

    const again = await Journal.open(await openDisk(place), SMALL)
    const list: unknown[] = []
    for await (const records of again.recovery.records) {
      for (const { sequence, time, bytes } of records) list.push([sequence, time, bytes.toString()])
    }
    deepEqual(list, [
      [1, 1_000, 'one'],
      [2, 1_000, ''],
      [3, 1_000, 'three'],
    ])
    deepEqual([again.last, again.durable], [{ sequence: 3, time: 1_000 }, 3])
    await again.close()
  })

  test('Journal makes a directory and files for its owner alone', async () => {
    const place = fresh()
    const { journal } = await opened(place)
    await appendEach(journal, ['secret'])
    await journal.writeImage([Buffer.from('state')], journal.last)
    await journal.close()
    const modes = fs.readdirSync(place).map((name) => fs.statSync(path.join(place, name)).mode & 0o777)
    deepEqual([fs.statSync(place).mode & 0o777, ...new Set(modes)], [0o700, 0o600])
  })

  for (const durability of ['fsync', 'interval', 'none'] as const) {
    test(`onDurable hears of every record with ${durability}, in order, and close waits for the last`, async () => {
      const place = fresh()
      const heard: number[] = []
      const { journal } = await opened(place, { durability, intervalMs: 1, onDurable: (last) => heard.push(last) })
      for (let index = 1; index <= 1_000; index++) journal.append(Buffer.from(String(index)), index)
      equal(heard.length, 0, 'never before append has returned')
      await journal.close()
      deepEqual([heard.at(-1), heard], [1_000, [...heard].sort((one, other) => one - other)])
      ok(heard.length < 100, 'many at once')
      const again = await opened(place)
      equal(again.records.join(), Array.from({ length: 1_000 }, (_, index) => index + 1).join())
      await again.journal.close()
    })
  }

  test('Journal.writeImage covers what was appended before it, while more is appended', async () => {
    const place = fresh()
    const { journal } = await opened(place)
    await appendEach(journal, ['a', 'b'])
    async function* chunks() {
      yield Buffer.from('state after b, ')
      await appendEach(journal, ['c'])
      yield new Uint8Array(0)
      yield Buffer.alloc(300_000, '.')
    }
    await journal.writeImage(chunks(), journal.last)
    await journal.writeImage([Buffer.from('not needed')], { sequence: 2, time: 1_000 })
    await appendEach(journal, ['d'])
    await journal.close()
    const { journal: again, image, records } = await opened(place)
    deepEqual([image, records], [`state after b, ${'.'.repeat(300_000)}`, ['c', 'd']])
    await rejects(again.writeImage([], { sequence: 5, time: 1_000 }), RangeError)
    await again.close()
  })
})

describe('looking back', () => {
  /** Ten records a segment, a second apart; images after the 20th and the 40th. */
  async function journalOfFifty(retain: JournalOptions['retain'] & object) {
    const place = fresh()
    // Without a reserve a segment is filled whether or not the next one is made already.
    const { journal } = await opened(place, { segmentBytes: 16_384, reserveBytes: 0, retain })
    for (let index = 1; index <= 50; index++) {
      await appendEach(journal, [String(index).padEnd(1_100)], index * 1_000)
      if (index % 20 === 0) await journal.writeImage([Buffer.from(`state ${index}`)], journal.last)
    }
    return { place, journal }
  }

  async function stateAt(journal: Journal, time: number): Promise<string | undefined> {
    using past = await journal.at(time)
    if (past === undefined) return undefined
    let state = ''
    for await (const chunk of past.image?.chunks() ?? []) state += Buffer.from(chunk).toString()
    return [state, ...(await texts(past.records)).map((text) => text.trim())].join()
  }

  test('Journal.writeImage removes what it covers, when nothing is to be retained', async () => {
    const { place, journal } = await journalOfFifty({})
    deepEqual(
      [journal.oldestInstant, await stateAt(journal, 39_999), await stateAt(journal, 42_500)],
      [40_000, undefined, 'state 40,41,42'],
    )
    await journal.close()
    deepEqual(
      fs.readdirSync(place).filter((name) => name.startsWith('image')),
      ['image-0000000000000040'],
    )
    ok(!fs.existsSync(path.join(place, 'segment-0000000001')))
  })

  test('Journal.at reaches every instant that is retained by age, through a restart', async () => {
    const { place, journal } = await journalOfFifty({ ms: 15_000, bytes: 1e9 })
    equal(journal.oldestInstant, 20_000)
    await journal.close()
    const { journal: again } = await opened(place, { retain: { ms: 15_000, bytes: 1e9 } })
    deepEqual(
      [await stateAt(again, 22_000), await stateAt(again, 40_000), await stateAt(again, 19_999)],
      ['state 20,21,22', 'state 40', undefined],
    )
    await again.close()
  })

  test('Journal.at reaches the beginning, while it is retained', async () => {
    const { journal } = await journalOfFifty({ ms: 1e9, bytes: 1e9 })
    deepEqual([journal.oldestInstant, await stateAt(journal, 2_000), await stateAt(journal, 0)], [1_000, ',1,2', ''])
    await journal.close()
  })

  test('Journal.writeImage retains no more bytes than it is told', async () => {
    const { journal } = await journalOfFifty({ ms: 1e9, bytes: 16_384 * 2 })
    equal(journal.oldestInstant, 20_000)
    await journal.close()
  })

  test('Journal.history gives the records of a span of time, and what it reads stays until it is read', async () => {
    const { journal } = await journalOfFifty({ ms: 1e9, bytes: 1e9 })
    deepEqual(
      (await texts(journal.history({ from: 19_500, to: 22_000 }))).map((text) => text.trim()),
      ['20', '21', '22'],
    )
    const reading = journal.history()
    const { value: first } = await reading.next()
    equal(first?.[0]?.sequence, 1)
    await journal.writeImage([Buffer.from('state 50')], journal.last)
    equal((await texts(reading)).length, 50 - (first?.length ?? 0))
    await journal.close()
  })
})

describe('a journal is one process’s', () => {
  test('Journal.open refuses a second opener, says whose it is, and leaves the first alone', async () => {
    const place = fresh()
    const { journal } = await opened(place)
    await rejects(opened(place), (error) => {
      ok(error instanceof JournalError)
      equal(error.code, 'ERR_MSGQ_JOURNAL_LOCKED')
      match(error.message, new RegExp(`process ${process.pid}`))
      return true
    })
    await appendEach(journal, ['one'])
    await journal.close()
    await (await opened(place)).journal.close()
  })

  test('Journal keeps every record that was durable when its process is killed, and is free at once', async () => {
    const place = fresh()
    let durable = 0
    for (let round = 0; round < 3; round++) {
      const child = fork(APPENDING_PROCESS, [place])
      durable = Math.max(durable, await durableWhenKilled(child))
      const { journal, records } = await opened(place)
      ok(records.length >= durable, `${records.length} records, and ${durable} were durable`)
      equal(records.join(), Array.from(records, (_, index) => String(index + 1)).join())
      await journal.close()
    }
    ok(durable > 0)
  })
})

/** Kills a process when it has said a few times what is durable. @returns What it said last. */
async function durableWhenKilled(child: ChildProcess): Promise<number> {
  let durable = 0
  let said = 0
  child.on('message', (message) => {
    durable = Number(message)
    said++
    if (said === 20) child.kill('SIGKILL')
  })
  await once(child, 'exit')
  return durable
}

describe('a disk that fails', () => {
  test('Journal takes nothing more after a failed flush, and tells everybody', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const heard: number[] = []
    const journal = await Journal.open(disk.process(), { onDurable: (last) => heard.push(last) })
    await texts(journal.recovery.records)
    await appendEach(journal, ['one'])
    disk.faults = { shortWrites: 0, failedFlushes: 1_000 }
    journal.append(Buffer.from('two'), 1_000)
    const error = await journal.failed
    equal(error.code, 'ERR_MSGQ_JOURNAL_FAILED')
    disk.faults = { shortWrites: 0, failedFlushes: 0 }
    throws(() => journal.append(Buffer.from('three'), 1_000), error)
    await rejects(journal.whenDurable(), error)
    await rejects(journal.flush(), error)
    await rejects(journal.writeImage([], journal.last), error)
    await rejects(journal.close(), error)
    deepEqual([heard, disk.isLocked], [[1], false])
  })

  test('Journal says that its records were not read, instead of appending behind them', async () => {
    const journal = await Journal.open(new SimulatedDisk(new Random(1)).process())
    throws(() => journal.append(Buffer.from('one'), 1_000), /before its records were read/)
    await journal.close()
  })
})
