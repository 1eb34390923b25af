import assert, { rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '../../src/backends/jetstream/node.ts'
import type { LogRecord, ReplicatedLog } from '../../src/backends/jetstream/replicated-log.ts'

/** What the simulator has found in a node of a cluster (`npm run sim -- --of cluster`), each by the smallest test that failed before. */

test('a node that joins a log which answers and takes nothing is unavailable, and not in doubt', async () => {
  const records: LogRecord[] = []
  const log: ReplicatedLog = {
    recordBytesMax: 2 ** 20,
    images: {
      chosen: async () => ({ image: undefined, revision: 0 }),
      write: () => assert.fail('no image is due'),
      read: () => assert.fail('no image was chosen'),
      choose: async () => false,
      discardBefore: async () => undefined,
    },
    append: async (bytes, id) => {
      if (id !== 'begin') throw new Error('there is no leader')
      return records.push({ sequence: 1, bytes })
    },
    read: async (from) => records.slice(from - 1),
    trim: async () => undefined,
    onGrowth: () => undefined,
    announce: () => undefined,
    close: async () => undefined,
  }
  // As a connection does, it keeps the process.
  const connection = setInterval(() => undefined, 60_000)
  try {
    await rejects(Node.open(log, { giveUpMs: 1 }), { code: 'ERR_MSGQ_UNAVAILABLE', message: /takes nothing/ })
  } finally {
    clearInterval(connection)
  }
})
