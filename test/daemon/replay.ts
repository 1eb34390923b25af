import { equal } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDisk } from '../../src/backends/daemon/journal/index.ts'
import { JournalledEngine } from '../../src/backends/daemon/journalled-engine.ts'
import type { Call, Caller } from '../../src/engine/index.ts'

const ROOT: Caller = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }
const SESSION = 7
/** Entries that are applied before the journal is given time to write them. */
const TURN = 1_000
/** Answers that a client leaves unacknowledged, about. */
const ACKNOWLEDGE = 256

export interface ReplayReport {
  readonly entries: number
  readonly seconds: number
}

/** Fills a journal with sends and held receives of 64 bytes, as clients make them, and brings it back without an image. */
export async function timeReplay(entries: number): Promise<ReplayReport> {
  const directory = await mkdtemp(join(tmpdir(), 'msgq-replay-'))
  try {
    const options = {
      durability: 'none',
      imageEveryBytes: Number.POSITIVE_INFINITY,
      onCompletions: () => undefined,
    } as const
    const filled = await JournalledEngine.open(await openDisk(directory), options)
    await fill(filled, entries)
    const { last } = filled.records
    await filled.close({ image: false })
    const start = performance.now()
    const replayed = await JournalledEngine.open(await openDisk(directory), options)
    const seconds = (performance.now() - start) / 1000
    equal(replayed.records.last, last)
    await replayed.close({ image: false })
    return { entries: last, seconds }
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function fill(journalled: JournalledEngine, entries: number): Promise<void> {
  const mtext = new Uint8Array(64).fill(97)
  const calls: readonly ((number: number) => Call)[] = [
    () => ({ name: 'msgsnd', msqid: 0, mtype: 1, mtext, msgflg: 0 }),
    () => ({ name: 'msgrcv', msqid: 0, msgsz: 64, msgtyp: 0, msgflg: 0, hold: true }),
    (number) => ({ name: 'acceptAll', receives: [number - 1] }),
  ]
  const apply = (number: number, call: Call) =>
    journalled.apply({ ticket: { session: SESSION, number }, now: Date.now(), caller: ROOT, call })
  apply(0, { name: 'openSession' })
  apply(1, { name: 'msgget', key: 1, msgflg: 0o1600 })
  for (let number = 2; number < entries; number++) {
    const make = calls[number % calls.length] ?? calls[0]
    if (make !== undefined) apply(number, make(number))
    if (number % ACKNOWLEDGE === 0) apply(Number.MAX_SAFE_INTEGER, { name: 'acknowledgeSession', number: number - 2 })
    if (number % TURN === 0) await new Promise(setImmediate)
  }
}
