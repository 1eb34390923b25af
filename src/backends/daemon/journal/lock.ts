import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ERRNO } from '../../../abi/index.ts'
import { LOCK_EX, LOCK_NB, linuxCalls } from '../../../linux/index.ts'

/** What flock(1) ends with when another one has the lock; that of busybox too. */
const IS_LOCKED = 1

/**
 * Locks an open file for this process alone, until it is closed or the process ends, however it ends. @see flock(2)
 *
 * Without koffi, flock(1) does it for us: a lock belongs to the open file, which a child shares and we keep.
 *
 * @returns Whether it is ours.
 * @throws {Error} The file cannot be locked, or neither koffi nor flock(1) is there.
 */
export async function lockFile(fd: number): Promise<boolean> {
  const calls = callsOrNone()
  if (calls === undefined) return lockByProgram(fd)
  if (calls.flock(fd, LOCK_EX | LOCK_NB) === 0) return true
  const errno = calls.errno()
  if (errno === ERRNO.EAGAIN) return false
  throw new Error(`a journal's directory cannot be locked (flock: errno ${errno})`)
}

/** As `lockFile` does it without koffi. */
export async function lockByProgram(fd: number): Promise<boolean> {
  const child = spawn('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
  try {
    const [status] = (await once(child, 'exit')) as [number | null]
    if (status === 0 || status === IS_LOCKED) return status === 0
    throw new Error(`flock(1) ended with ${status}`)
  } catch (cause) {
    const message = 'a journal is locked through koffi or by the program flock: install koffi, or util-linux'
    throw new Error(message, { cause })
  }
}

function callsOrNone(): ReturnType<typeof linuxCalls> | undefined {
  try {
    return linuxCalls()
  } catch {
    return undefined
  }
}
