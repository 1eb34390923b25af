import fs from 'node:fs'
import { AF_UNIX, linuxCalls, SOCK_CLOEXEC, SOCK_DGRAM } from '../../linux/index.ts'

/** The first descriptor that socket activation hands over. @see sd_listen_fds(3) */
const FIRST_FD = 3

/** The socket that systemd made and listens on, if it started this process for it. @throws {Error} it made several. */
export function activatedFd({ LISTEN_FDS, LISTEN_PID }: NodeJS.ProcessEnv): number | undefined {
  if (LISTEN_FDS === undefined || Number(LISTEN_PID) !== process.pid) return undefined
  if (LISTEN_FDS === '1') return FIRST_FD
  throw new Error(`a daemon has one socket, and systemd handed over ${LISTEN_FDS}: write one ListenStream= line`)
}

/**
 * Tells systemd how this service is doing: `READY=1`, `STOPPING=1`. Does nothing where nobody asked.
 *
 * @throws {Error} somebody asked, and cannot be told.
 * @see sd_notify(3)
 */
export function notifySystemd({ NOTIFY_SOCKET }: NodeJS.ProcessEnv, state: string): void {
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return
  const { socket, sendto, errno } = linuxCalls()
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) throw new Error(`systemd cannot be told ${state}: socket(2) ended with errno ${errno()}`)
  try {
    if (sendto(fd, Buffer.from(state), 0, addressOf(NOTIFY_SOCKET)) >= 0) return
    throw new Error(`systemd cannot be told ${state}: sendto(2) ended with errno ${errno()}`)
  } finally {
    fs.closeSync(fd)
  }
}

/** `struct sockaddr_un`: an abstract name is written with @ for its zero. @see unix(7) */
function addressOf(path: string): Uint8Array {
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path), Buffer.from([0])])
  if (!path.startsWith('@')) return address
  address[2] = 0
  return address.subarray(0, -1)
}
