import { linuxCalls } from './calls.ts'

/** Linux's highest realtime signal; the C library keeps the lowest ones for itself. Source: signal(7). */
const SIGRTMAX = 64
/** Realtime signals that no C library uses begin here: glibc keeps 32 and 33, musl 32 to 34. */
const SIGRT_FREE = 35

/**
 * `struct sigaction` of a 64-bit C library (glibc and musl agree): handler, 128 bytes of mask, flags, restorer.
 * The kernel's own struct is another one; the C library translates.
 */
const SIGACTION_BYTES = 152

/**
 * A signal that does nothing but end a blocking call with EINTR: for `tgkill` to one thread. Its handler is a function
 * of the C library without effects, so that no JavaScript runs in a signal; without SA_RESTART.
 *
 * It is the highest realtime signal that nobody handles yet, and from then on is ours in the whole process, worker
 * threads included.
 *
 * @throws {Error} Every realtime signal is in use.
 * @see signal(7), "Interruption of system calls and library functions by signal handlers".
 */
export function wakeSignal(): number {
  chosen ??= choose()
  return chosen
}

let chosen: number | undefined

function choose(): number {
  const { sigaction, dlsym } = linuxCalls()
  const handler = dlsym('labs')
  if (handler === 0n) throw new Error('the C library has no labs')
  for (let signal = SIGRTMAX; signal >= SIGRT_FREE; signal--) {
    const current = new Uint8Array(SIGACTION_BYTES)
    if (sigaction(signal, null, current) !== 0) continue
    const now = new DataView(current.buffer).getBigUint64(0, true)
    // Another thread of ours, with its own copy of this module, may have been first.
    if (now === handler) return signal
    if (now !== 0n) continue
    const action = new Uint8Array(SIGACTION_BYTES)
    new DataView(action.buffer).setBigUint64(0, handler, true)
    if (sigaction(signal, action, null) === 0) return signal
  }
  throw new Error('every realtime signal of this process is in use: none is left to interrupt a waiting call with')
}
