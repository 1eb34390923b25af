import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { readImage, writeImage } from '../../src/image/index.ts'
import { msgq } from '../cli/child.ts'
import { smallCheckpoint, unpacked } from '../golden/checkpoints.ts'

/** A real file system without room: a small tmpfs in a mount namespace of its own, which ends with its holder. */

const UNSHARE = process.geteuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount']
const DISK_PAGES = 64
const PAGE_BYTES = 4096

function skipReason(): string | false {
  const { CI } = process.env
  if (CI) return false
  const mount = `mount -t tmpfs -o size=64k tmpfs ${os.tmpdir()}`
  const { status, stderr, error } = spawnSync('unshare', [...UNSHARE, 'sh', '-c', mount], { encoding: 'utf8' })
  return status === 0 ? false : `no tmpfs of our own can be mounted: ${error?.message ?? stderr.trim()}`
}

async function openDisk(): Promise<{ disk: string; holder: ChildProcessWithoutNullStreams }> {
  const script = `mount -t tmpfs -o size=${DISK_PAGES * PAGE_BYTES} tmpfs "$1" && echo ready && exec cat`
  const holder = spawn('unshare', [...UNSHARE, 'sh', '-c', script, 'sh', os.tmpdir()])
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])
  ok(holder.pid !== undefined && holder.exitCode === null, 'no tmpfs of our own could be mounted')
  return { disk: path.join('/proc', `${holder.pid}`, 'root', os.tmpdir()), holder }
}

/** Leaves this many free pages, or as many as there are. */
function fill(disk: string, freePages: number): void {
  const { bavail } = fs.statfsSync(disk)
  if (bavail > freePages) fs.writeFileSync(path.join(disk, 'ballast'), Buffer.alloc((bavail - freePages) * PAGE_BYTES))
}

describe('a full disk', { skip: skipReason() }, () => {
  test('writeImage leaves the old image whole, wherever the room ends, and writes the new one once there is some', async () => {
    const { disk, holder } = await openDisk()
    try {
      const directory = path.join(disk, 'image')
      const next = smallCheckpoint('new'.repeat(5000))
      let refused = 0
      let isDone = false
      for (let freePages = 0; !isDone; freePages++) {
        ok(freePages < DISK_PAGES, 'the new image fits at last')
        fs.rmSync(path.join(disk, 'ballast'), { force: true })
        await writeImage(directory, smallCheckpoint('old'))
        fill(disk, freePages)
        try {
          await writeImage(directory, next)
          isDone = true
        } catch (error) {
          equal(error instanceof Error && 'code' in error && error.code, 'ENOSPC')
          refused++
          deepEqual(unpacked((await readImage(directory)).checkpoint), smallCheckpoint('old'))
          equal(fs.readdirSync(directory).length, 3, 'nothing is left beside it')
        }
      }
      deepEqual(unpacked((await readImage(directory)).checkpoint), next)
      ok(refused >= 5, `it was refused ${refused} times`)
    } finally {
      holder.stdin.end()
    }
  })

  test('checkpoint says that there is no space, exits with 3, and the image that stood there can be restored', async () => {
    const { disk, holder } = await openDisk()
    try {
      const directory = path.join(disk, 'image')
      await writeImage(directory, smallCheckpoint('old'))
      fill(disk, 0)
      const { status, stderr } = msgq(['-n', 'memory:', 'checkpoint', directory])
      equal(status, 3)
      match(stderr, /^msgq: ENOSPC: no space left on device/)
      equal(msgq(['-n', 'memory:', 'restore', directory]).status, 0)
    } finally {
      holder.stdin.end()
    }
  })
})
