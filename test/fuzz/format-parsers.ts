import { deepEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { findFrame, readFrame } from '../../src/backends/daemon/journal/frame.ts'
import { Journal, JournalError, openDisk } from '../../src/backends/daemon/journal/index.ts'
import { decodeRecord, encodeRecord, packEntries, unpackEntries } from '../../src/backends/jetstream/record.ts'
import { Replica } from '../../src/backends/jetstream/replica.ts'
import { BackendError } from '../../src/contract/index.ts'
import { Engine, saveState } from '../../src/engine/index.ts'
import { critJsonAsImage } from '../../src/image/crit-json.ts'
import { ImageError, readImageBytes } from '../../src/image/index.ts'
import { readMsgqFile } from '../../src/image/msgq-file.ts'
import { encodeEntry, encodeState, FRAME_BYTES_MAX, FrameReader, WireError } from '../../src/wire/index.ts'
import { arbitraryEntry } from '../wire/arbitraries.ts'
import { CODECS } from '../wire/codecs.ts'
import type { Parser } from './parser.ts'

const GOLDEN = join(import.meta.dirname, '..', '..', '..', 'test', 'golden')
const golden = (...path: string[]) => new Uint8Array(readFileSync(join(GOLDEN, ...path)))
/** Values that the samples of a corpus are made of: the same in every run. */
const SAMPLES = { seed: 1, numRuns: 40 }

/** Frames and records: what is read has one form, and so is written as it was. */
const wire: readonly Parser[] = CODECS.map(({ name, arbitrary, encode, decode }) => ({
  name: name.replaceAll(' ', '-'),
  refusals: [WireError],
  seeds: () => fc.sample(arbitrary, SAMPLES).map((value) => new Uint8Array(encode(value))),
  parse: (bytes) => deepEqual(Buffer.from(encode(decode(bytes))), Buffer.from(bytes)),
}))

/** One of CRIU's files, crit's JSON of one, or NDJSON: whatever it begins as. */
function imageFile(name: string, seeds: () => Uint8Array[], words: readonly string[] = []): Parser {
  return { name, refusals: [ImageError], seeds, words, parse: (bytes) => readImageBytes(new Map([['a-file', bytes]])) }
}

/** Words of the JSON that images have. */
const JSON_WORDS = [
  '"queue":',
  '"sha256":',
  '"qnum":',
  '1e999',
  '-1',
  '18446744073709551616',
  '[[',
  '{"',
  '\\u0000',
  'null',
]

/** What a stream may hold, whoever wrote it: an engine's beginning, batches of entries. */
function streamRecords(): Uint8Array[] {
  const state = Buffer.concat([...encodeState(saveState(new Engine()))])
  const entries = fc.sample(arbitraryEntry, SAMPLES).map(encodeEntry)
  return [
    encodeRecord({ kind: 1, goesOn: false, session: 0, number: 0, body: state }),
    encodeRecord({ kind: 2, goesOn: false, session: 7, number: 1, body: packEntries(entries.slice(0, 4)) }),
    encodeRecord({ kind: 2, goesOn: true, session: 7, number: 1, body: packEntries(entries.slice(4)) }),
    encodeRecord({ kind: 3, goesOn: false, session: 7, number: 1, body: new Uint8Array() }),
  ]
}

/** Applied to an engine that has begun, as a replica does with what is in the stream. */
function applyRecord(bytes: Uint8Array): void {
  const ignored = () => undefined
  const replica = new Replica({
    own: ignored,
    applied: ignored,
    ended: ignored,
    checkPoint: ignored,
    checked: ignored,
    imaged: ignored,
  })
  const [begin = new Uint8Array()] = streamRecords()
  replica.apply({ sequence: 1, bytes: begin })
  replica.apply({ sequence: 2, bytes })
  const record = decodeRecord(bytes)
  if (record !== undefined) unpackEntries(record.body)
}

let directory: string | undefined

/** A journal whose one segment is this. It is opened, or refused, and what it opens takes a record. */
async function openJournal(bytes: Uint8Array): Promise<void> {
  directory ??= await mkdtemp(join(tmpdir(), 'msgq-fuzz-'))
  const place = await mkdtemp(join(directory, 'journal-'))
  try {
    await writeFile(join(place, 'segment-0000000001'), bytes)
    const options = { segmentBytes: 65_536, durability: 'none', onNotice: () => undefined } as const
    const journal = await Journal.open(await openDisk(place), options)
    try {
      for await (const _ of journal.recovery.records);
      journal.append(new Uint8Array(8), 1)
    } finally {
      await journal.close()
    }
  } finally {
    await rm(place, { recursive: true })
  }
}

/** Of bytes in files, frames and streams. */
export const FORMAT_PARSERS: readonly Parser[] = [
  ...wire,
  {
    name: 'frame-stream',
    refusals: [WireError],
    parse: (bytes) => {
      const reader = new FrameReader(FRAME_BYTES_MAX)
      for (let start = 0; start < bytes.length; start += 7) {
        reader.push(bytes.slice(start, start + 7))
        while (reader.next() !== undefined);
      }
      reader.end()
    },
  },
  imageFile('criu-messages', () => [golden('criu', 'ipcns-msg-9.img'), golden('image-1', 'ipcns-msg-1.img')]),
  imageFile('criu-variables', () => [golden('criu', 'ipcns-var-9.img'), golden('image-1', 'ipcns-var-1.img')]),
  imageFile('ndjson', () => [golden('ndjson-1', 'golden.ndjson')], JSON_WORDS),
  {
    name: 'our-image-file',
    refusals: [ImageError],
    seeds: () => [golden('image-1', 'msgq-1.ndjson')],
    words: JSON_WORDS,
    parse: (bytes) => readMsgqFile('msgq-1.ndjson', bytes),
  },
  {
    name: 'crit-json',
    refusals: [ImageError],
    seeds: () => [golden('criu', 'ipcns-msg-9.json'), golden('criu', 'ipcns-var-9.json')],
    words: ['"magic":', '"entries":', '"extra":', ...JSON_WORDS],
    parse: (bytes) => critJsonAsImage(new TextDecoder().decode(bytes), 'a.json'),
  },
  {
    name: 'journal-frames',
    refusals: [],
    seeds: () => [golden('journal-1', 'segment-0000000001').slice(0, 4096)],
    parse: (bytes) => {
      const buffer = Buffer.from(bytes)
      for (let offset = 0; offset < buffer.length; offset += 8) readFrame(buffer, offset, 0)
      findFrame(buffer, 0, 0, { least: 1, most: 2 ** 40 })
    },
  },
  {
    name: 'journal',
    refusals: [JournalError],
    seeds: () => [1, 2, 3, 4].map((number) => golden('journal-1', `segment-000000000${number}`).slice(0, 65_536)),
    parse: openJournal,
    cost: 32,
    close: async () => {
      if (directory !== undefined) await rm(directory, { recursive: true })
      directory = undefined
    },
  },
  { name: 'stream-record', refusals: [BackendError], seeds: streamRecords, parse: applyRecord, cost: 4 },
]
