/** Saves a million messages and restores them, and prints how far the process grew with each, in bytes. */
import { join } from 'node:path'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import { readImage, writeImage } from '../../src/image/index.ts'

const MESSAGES = 1_000_000
const SIZE_BYTES = 64

const directory = join(process.argv[2] ?? '', 'million')
const source = openEmbeddedNamespace({ limits: { msgmax: 8192, msgmnb: 2 ** 31 - 1, msgmni: 10 } })
const { sync } = source
const msqid = sync.msgget(0x4d, 0o1600)

let before = process.memoryUsage().rss

/** How far the process has grown at most since the last time. */
function grownBytes(): number {
  globalThis.gc?.()
  const grown = process.resourceUsage().maxRSS * 1024 - before
  before = process.memoryUsage().rss
  return grown
}

const mtext = new Uint8Array(SIZE_BYTES)
for (let number = 0; number < MESSAGES; number++) {
  mtext.fill(number)
  sync.msgsnd(msqid, { mtype: 1 + (number % 100), mtext }, 0)
}
const queueBytes = grownBytes()
await writeImage(directory, await source.checkpoint())
const checkpointBytes = grownBytes()
const other = openEmbeddedNamespace()
await other.restore((await readImage(directory)).checkpoint)
const restoreBytes = grownBytes()
const restored = (await other.checkpoint()).queues[0]?.messages.length
console.log(JSON.stringify({ restored, queueBytes, checkpointBytes, restoreBytes }))
