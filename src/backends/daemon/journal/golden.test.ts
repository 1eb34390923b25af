import { deepEqual } from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { appendEach, openJournal, texts } from '../../../../test/simulator/opened.ts'
import { Journal, openDisk } from './index.ts'

const GOLDEN = fileURLToPath(new URL('../../../../../test/golden/journal-1', import.meta.url))
const RETAIN = { segmentBytes: 8_192, retain: { ms: 1e12, bytes: 1e9 } }

/** Number, milliseconds since the first, bytes. */
const RECORDS = [
  [1, 0, Buffer.from('one')],
  [2, 1, Buffer.alloc(0)],
  [3, 500, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
  [4, 1_000, Buffer.alloc(4_000, 'x')],
  [5, 2_000, Buffer.from('five')],
] as const
const FIRST_TIME = 1_700_000_000_000

test('Journal reads what version 1 wrote, looks back in it, and goes on behind it', async () => {
  const place = fs.mkdtempSync(path.join(tmpdir(), 'msgq-journal-'))
  try {
    fs.cpSync(GOLDEN, place, { recursive: true })
    const journal = await Journal.open(await openDisk(place), RETAIN)
    let image = ''
    for await (const chunk of journal.recovery.image?.chunks() ?? []) image += Buffer.from(chunk).toString()
    deepEqual([journal.recovery.image?.sequence, image], [2, 'state after two'])
    await texts(journal.recovery.records)
    const held: unknown[] = []
    for await (const records of journal.history()) {
      for (const { sequence, time, bytes } of records) held.push([sequence, time - FIRST_TIME, Buffer.from(bytes)])
    }
    deepEqual(held, RECORDS)
    await appendEach(journal, ['six'], FIRST_TIME + 3_000)
    await journal.close()
    const again = await openJournal(await openDisk(place), RETAIN)
    deepEqual([again.notices, again.records.at(-1), again.journal.last.sequence], [[], 'six', 6])
    await again.journal.close()
  } finally {
    fs.rmSync(place, { recursive: true })
  }
})
