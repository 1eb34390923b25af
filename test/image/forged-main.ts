/** Reads images whose lengths and counts are false, and prints how many were refused and how far the process grew. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ImageError, readImage } from '../../src/image/index.ts'

const MAGIC = [0x19, 0x43, 0x56, 0x54, 0x37, 0x37, 0x45, 0x55]
const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f]
/** desc with its seven fields, each one byte: key 1 to id 7. */
const DESC = [0x0a, 14, 8, 1, 16, 0, 24, 0, 32, 0, 40, 0, 48, 0, 56, 7]
const record = (bytes: readonly number[]) => [bytes.length, 0, 0, 0, ...bytes]
const queue = (...qnum: number[]) => record([...DESC, 16, 1, 24, ...qnum])

const FORGED: readonly (readonly number[])[] = [
  // A record of 4 GiB, a desc of 4 GiB, 2^32-1 messages, a header of 4 GiB, a payload of 4 GiB.
  [0xff, 0xff, 0xff, 0xff],
  record([0x0a, ...HUGE]),
  queue(...HUGE),
  [...queue(1), 0xff, 0xff, 0xff, 0xff],
  [...queue(1), ...record([8, 1, 16, ...HUGE])],
]

const directory = join(process.argv[2] ?? '', 'forged')
const before = process.memoryUsage().rss
let refused = 0
let most = before
for (const bytes of FORGED) {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  writeFileSync(join(directory, 'ipcns-msg-1.img'), Uint8Array.from([...MAGIC, ...bytes]))
  try {
    await readImage(directory)
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    refused++
  }
  most = Math.max(most, process.memoryUsage().rss)
}
console.log(JSON.stringify({ refused, grownBytes: most - before }))
