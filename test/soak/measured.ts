/** Loaded into a daemon before its command (`node --expose-gc --import`): answers what it takes, when its parent asks. */
import { readdirSync, readFileSync } from 'node:fs'

/** What a process takes, after a collection of garbage. */
export interface Taken {
  readonly heapBytes: number
  /** Of array buffers: messages, frames, journal. */
  readonly bufferBytes: number
  readonly residentBytes: number
  readonly descriptors: number
  readonly threads: number
}

if (process.send !== undefined) {
  process.on('message', (asked) => {
    if (asked === 'measure') process.send?.(taken())
  })
  // It is no reason to go on for: the daemon ends when it has ended.
  process.channel?.unref()
}

function taken(): Taken {
  // Twice: what finalizers let go of in the first is collected by the second.
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  const [, threads = '0'] = /^Threads:\s+(\d+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
  return {
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
    residentBytes: rss,
    // One of them is that of the look itself.
    descriptors: readdirSync('/proc/self/fd').length - 1,
    threads: Number(threads),
  }
}
