import { deepEqual, match, ok, rejects } from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { lockByProgram, lockFile } from './lock.ts'

const directory = fs.mkdtempSync(path.join(tmpdir(), 'msgq-lock-'))

after(() => fs.rmSync(directory, { recursive: true }))

/** Looks for programs in one directory alone. */
async function withPath(place: string, body: () => Promise<void>): Promise<void> {
  const { PATH } = process.env
  Object.assign(process.env, { PATH: place })
  try {
    await body()
  } finally {
    Object.assign(process.env, { PATH })
  }
}

/** A directory with a program `flock` that ends with a status. */
function programThatEnds(status: number): string {
  const place = fs.mkdtempSync(path.join(directory, 'bin-'))
  fs.writeFileSync(path.join(place, 'flock'), `#!/bin/sh\nexit ${status}\n`, { mode: 0o700 })
  return place
}

const isInstallAdvice = (cause: RegExp) => (error: unknown) => {
  ok(error instanceof Error && error.cause instanceof Error)
  match(error.message, /install koffi, or util-linux/)
  match(error.cause.message, cause)
  return true
}

test('lockByProgram locks what koffi locks, and the other way', async () => {
  const place = path.join(directory, 'lock')
  const [one, other] = [fs.openSync(place, 'w'), fs.openSync(place, 'w')]
  deepEqual([await lockByProgram(one), await lockFile(other), await lockByProgram(other)], [true, false, false])
  fs.closeSync(one)
  deepEqual([await lockFile(other), await lockByProgram(other)], [true, true])
  fs.closeSync(other)
})

test('lockFile says that a file cannot be locked, and not that another has it', async () => {
  // Source: flock(2), EBADF: no descriptor is as large.
  await rejects(lockFile(2 ** 30))
})

test('lockByProgram says what to install where there is no flock(1), and why it asks', async () => {
  await withPath(directory, async () => {
    await rejects(lockByProgram(0), isInstallAdvice(/ENOENT/))
  })
})

test('lockByProgram takes 0 for ours, 1 for another’s, and any other end for a failure', async () => {
  const locks = async (status: number) => {
    let isOurs: boolean | undefined
    await withPath(programThatEnds(status), async () => {
      isOurs = await lockByProgram(0)
    })
    return isOurs
  }
  deepEqual([await locks(0), await locks(1)], [true, false])
  await rejects(locks(66), isInstallAdvice(/66/))
})
