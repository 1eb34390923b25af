import { equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('./memory-main.js', import.meta.url))

let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'msgq-memory-'))
})

after(() => rmSync(folder, { recursive: true }))

describe('a million messages', () => {
  test('writeImage and readImage take a part of what the queue itself takes, however many messages it has', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', MAIN, folder], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    equal(status, 0, stderr)
    const { restored, queueBytes, checkpointBytes, restoreBytes } = JSON.parse(stdout)
    equal(restored, 1_000_000)
    ok(queueBytes > 64_000_000, `the queue itself took ${queueBytes} bytes`)
    ok(
      checkpointBytes < queueBytes / 2,
      `the checkpoint took ${checkpointBytes} bytes beside the queue's ${queueBytes}`,
    )
    // A second queue stands afterwards.
    ok(restoreBytes < queueBytes * 1.5, `the restore took ${restoreBytes} bytes, its queue being ${queueBytes}`)
  })
})
