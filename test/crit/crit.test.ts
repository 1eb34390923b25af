import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Checkpoint } from '../../src/engine/index.ts'
import { encodeImage, type ImageFiles, LINUX_VARIABLES } from '../../src/image/index.ts'
import { arbitraryCheckpoint, goldenCheckpoint } from '../golden/checkpoints.ts'

/** Our images through CRIU's own tool, which reads and writes them with Google's protobuf. */

const hasCrit = spawnSync('crit', ['--help'], { stdio: 'ignore' }).status === 0
const REASON = 'there is no crit: apt-get install criu'
const { CI } = process.env
const skip = hasCrit || CI ? false : REASON

/** crit starts Python: a handful of runs, each of many queues, says as much as hundreds of small ones. */
const RUNS = 8

interface CritQueue {
  readonly desc: Record<string, number>
  readonly qbytes: number
  readonly qnum: number
  readonly extra: readonly ({ readonly mtype: string; readonly msize: number } | string)[]
}

/** What crit makes of a file: its JSON, and the file that it makes of that JSON. */
function throughCrit(bytes: Uint8Array): { json: string; again: Uint8Array } {
  assert.ok(hasCrit, REASON)
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'msgq-crit-'))
  const file = (name: string) => path.join(directory, name)
  try {
    fs.writeFileSync(file('ours.img'), bytes)
    execFileSync('crit', ['decode', '-i', file('ours.img'), '-o', file('ours.json')], { stdio: 'pipe' })
    execFileSync('crit', ['encode', '-i', file('ours.json'), '-o', file('again.img')], { stdio: 'pipe' })
    return {
      json: fs.readFileSync(file('ours.json'), 'utf8'),
      again: Uint8Array.from(fs.readFileSync(file('again.img'))),
    }
  } finally {
    fs.rmSync(directory, { recursive: true })
  }
}

/** The queues in crit's JSON; types as strings, for JavaScript would round them. */
function critQueues(json: string): CritQueue[] {
  return JSON.parse(json.replace(/"mtype": (\d+)/g, '"mtype": "$1"')).entries
}

function asCrit({ queues }: Checkpoint): CritQueue[] {
  return queues.map(({ msqid, perm, qbytes, messages }) => ({
    desc: { ...perm, key: perm.key >>> 0, id: msqid },
    qbytes: Number(BigInt(qbytes) & 0xffff_ffffn),
    qnum: messages.length,
    extra: [...messages].flatMap(({ mtype, mtext }) => {
      // Python's base64.encodebytes() breaks lines.
      const lines = Buffer.from(mtext)
        .toString('base64')
        .replace(/.{1,76}/g, '$&\n')
      return [{ mtype: `${mtype}`, msize: mtext.length }, lines]
    }),
  }))
}

function contentOf(image: ImageFiles, name: string): Uint8Array {
  const bytes = image.get(name)
  assert.ok(bytes !== undefined, name)
  return bytes
}

describe('crit', { skip }, () => {
  test('crit decodes ipcns-msg-N.img and encodes it back: long messages, LONG_MAX types, no bytes, all bytes', async () => {
    const checkpoint = goldenCheckpoint()
    const ours = contentOf(await encodeImage(checkpoint), 'ipcns-msg-1.img')
    const { json, again } = throughCrit(ours)
    assert.deepEqual(critQueues(json), asCrit(checkpoint))
    assert.match(json, /9223372036854775807/)
    assert.deepEqual(again, ours)
  })

  test('crit decodes ipcns-var-N.img and encodes it back, with and without a pending msg_next_id', async () => {
    const variables = { ...LINUX_VARIABLES, semNextId: 7, shmNextId: 2 ** 31 - 1 }
    for (const nextId of [-1, 123_456]) {
      const ours = contentOf(await encodeImage({ ...goldenCheckpoint(), nextId }, { variables }), 'ipcns-var-1.img')
      const { json, again } = throughCrit(ours)
      const [entry] = JSON.parse(json).entries
      assert.equal(entry.msg_ctlmax, 65_536)
      assert.equal(entry.msg_next_id, nextId === -1 ? undefined : nextId)
      assert.equal(entry.sem_next_id, 7)
      assert.deepEqual(again, ours)
    }
  })

  test('crit agrees on arbitrary checkpoints, byte for byte', async () => {
    const withQueues = arbitraryCheckpoint.filter(({ queues }) => queues.length > 3)
    await fc.assert(
      fc.asyncProperty(withQueues, async (checkpoint) => {
        const ours = contentOf(await encodeImage(checkpoint), 'ipcns-msg-1.img')
        const { json, again } = throughCrit(ours)
        assert.deepEqual(critQueues(json), asCrit(checkpoint))
        assert.deepEqual(again, ours)
      }),
      { numRuns: RUNS, endOnFailure: true },
    )
  })
})
