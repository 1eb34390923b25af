import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

/**
 * Writes to a socket as `socket.write` does, past Node's stream where nothing waits in it: a system call and no more, where
 * a stream makes a request, and a callback of its end. What the kernel does not take goes to the stream, which waits for room.
 *
 * @returns `false` where something waits, as `socket.write` does.
 */
export function writeNow(socket: Socket, bytes: Uint8Array): boolean {
  const fd = fdOf(socket)
  if (fd === undefined || socket.writableLength > 0 || socket.connecting || !socket.writable) return socket.write(bytes)
  let written = 0
  try {
    written = writeSync(fd, bytes)
  } catch (error) {
    // EAGAIN: there is no room. EPIPE, and what else there may be, the stream finds out again, and tells.
    if (!(error instanceof Error && 'code' in error)) throw error
  }
  return written === bytes.length || socket.write(written === 0 ? bytes : bytes.subarray(written))
}

/** Node has no name for a socket's descriptor; `undefined` where it has none, or none that can be written to. */
export function fdOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null }
  const { fd = -1 } = handle ?? {}
  return fd < 0 ? undefined : fd
}
