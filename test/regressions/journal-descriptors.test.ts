import { equal } from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Journal, openDisk } from '../../src/backends/daemon/journal/index.ts'

const SEGMENT_BYTES = 65_536

/** The files of a directory that this process has open. */
function openIn(directory: string): number {
  return readLinks().filter((path) => path.startsWith(directory)).length
}

function readLinks(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch (error) {
      // The look's own is closed by now.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
      throw error
    }
  })
}

// Found by the bounds' tests: a segment that was too small for a record stayed open for ever, a descriptor for each long message.
test('Journal.close leaves no file open: records longer than a segment, and a segment in the making', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'msgq-journal-'))
  try {
    for (let turns = 0; turns < 10; turns++) {
      const journal = await Journal.open(await openDisk(directory), { segmentBytes: SEGMENT_BYTES, durability: 'none' })
      for await (const _ of journal.recovery.records);
      for (let count = 0; count < turns % 3; count++) journal.append(new Uint8Array(2 * SEGMENT_BYTES), 1)
      // Enough to begin another segment, which is in the making when the journal is closed.
      for (let count = 0; count < 3; count++) journal.append(new Uint8Array(SEGMENT_BYTES / 3), 1)
      for (let turn = 0; turn < turns % 8; turn++) await new Promise(setImmediate)
      await journal.close()
      equal(openIn(directory), 0, `after ${turns} turns`)
    }
  } finally {
    await rm(directory, { recursive: true })
  }
})
