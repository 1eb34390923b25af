import type { Comparison, Peer, Setting } from '../comparison.ts'
import { imageReads, imageWrites, plainReads, plainWrites } from '../contenders/files.ts'
import type { Pace } from '../rounds.ts'
import { sideBySide } from '../side-by-side.ts'

/** A hundred megabytes of files are written once a round. */
const PACE: Pace = { rounds: 7, warmMs: 1, roundMs: 1 }

const FLUSHED: Peer = {
  name: 'plain fs, flushed',
  difference:
    "The image's own bytes, which it need not make, written to files of the same names and flushed to disk, as the image is.",
}
const UNFLUSHED: Peer = {
  name: 'plain fs, not flushed',
  difference: "The same, left in the system's cache: it does less, and a crash of the machine may lose it.",
}
const READ: Peer = {
  name: 'plain fs, read',
  difference: "The image's files, read and dropped: nothing is checked or understood.",
}

export const FILES: readonly Comparison[] = [
  writes('checkpoint-files', FLUSHED, 3),
  writes('checkpoint-files-unflushed', UNFLUSHED),
  sideBySide(
    {
      name: 'restore-files',
      work: '`memory:` restore of 1,000,000 messages of 64 bytes from files',
      peer: READ,
      unit: 'times the time',
      requirements: [],
      atMost: 3,
    },
    (setting) => imageReads(setting.scratch, messagesIn(setting)),
    ({ scratch }) => plainReads(scratch),
    PACE,
  ),
]

function writes(name: string, peer: Peer, atMost?: number): Comparison {
  return sideBySide(
    {
      name,
      work: '`memory:` checkpoint of 1,000,000 messages of 64 bytes to files, flushed',
      peer,
      unit: 'times the time',
      requirements: [],
      ...(atMost === undefined ? {} : { atMost }),
    },
    (setting) => imageWrites(setting.scratch, messagesIn(setting)),
    ({ scratch }) => plainWrites(scratch, peer === FLUSHED),
    PACE,
  )
}

function messagesIn({ quick }: Setting): number {
  return quick ? 2_000 : 1_000_000
}
