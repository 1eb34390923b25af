import { TimeoutError } from './errors.ts'

/**
 * Makes a call that may wait, and ends the wait when the user interrupts it or when it took too long.
 *
 * @param timeoutMs Milliseconds to wait at most, 0 or more; `undefined` waits for ever.
 * @param what For the error: what did not come. @throws {TimeoutError}
 */
export async function waitAtMost<Value>(
  timeoutMs: number | undefined,
  what: string,
  interrupted: AbortSignal,
  call: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  if (timeoutMs === undefined) return call(interrupted)
  const timeout = new AbortController()
  // Not AbortSignal.timeout(): its timer lets the process end while the call still waits.
  const timer = setTimeout(() => timeout.abort(new TimeoutError(`${what} within ${timeoutMs / 1000} s`)), timeoutMs)
  try {
    return await call(AbortSignal.any([interrupted, timeout.signal]))
  } finally {
    clearTimeout(timer)
  }
}
