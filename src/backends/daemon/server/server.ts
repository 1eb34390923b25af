import { chmod, chown, lstat, stat, unlink } from 'node:fs/promises'
import net, { type Socket } from 'node:net'
import { dirname } from 'node:path'
import { BackendError } from '../../../contract/index.ts'
import type { Caller } from '../../../engine/index.ts'
import { FrameWriter, type ServerFrame } from '../../../wire/index.ts'
import { BusyPoll } from './busy-poll.ts'
import { Connection, type Served } from './connection.ts'
import { LateAccepts } from './late-accepts.ts'
import { BUSY_POLL_TURNS, CONNECTIONS_MAX } from './limits.ts'
import { callerOf } from './peer.ts'
import type { Service } from './service.ts'
import { Sessions } from './sessions.ts'

/** How often sessions and greetings are looked at. */
const TICK_MS = 1000
/** libuv cuts a longer one short, and listens there. Source: include/uapi/linux/un.h, UNIX_PATH_MAX, with its zero. */
const PATH_BYTES_MAX = 107

export interface ServerOptions {
  /** Where the socket is. */
  readonly path: string
  readonly service: Service
  /** Permissions of the socket. Default 0600. */
  readonly mode?: number
  /** Group of the socket. Default: this process's. */
  readonly gid?: number
  /** A socket that listens already, from socket activation: `path`, `mode` and `gid` are its maker's. */
  readonly fd?: number
  /** Who a connection's peer is. Default: the kernel's word. */
  readonly peerOf?: (socket: Socket) => Caller
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number
  /** Connections at a time. Default CONNECTIONS_MAX. */
  readonly connectionsMax?: number
  /** Turns of the event loop that wait actively after an answer; 0: none. Default BUSY_POLL_TURNS. */
  readonly busyPollTurns?: number
}

/** Serves a namespace behind a Unix socket. */
export class Server {
  readonly path: string
  readonly #listener = net.createServer({ allowHalfOpen: false })
  readonly #connections = new Set<Connection>()
  readonly #served: Served
  readonly #peerOf: (socket: Socket) => Caller
  readonly #connectionsMax: number
  #tick: NodeJS.Timeout | undefined
  #idleSince: number

  private constructor({ path, service, now, peerOf, connectionsMax = CONNECTIONS_MAX, busyPollTurns }: ServerOptions) {
    this.path = path
    this.#connectionsMax = connectionsMax
    const clock = now ?? (() => performance.now())
    const sessions = new Sessions(service, clock())
    this.#served = {
      service,
      sessions,
      late: new LateAccepts(),
      poll: new BusyPoll(busyPollTurns ?? BUSY_POLL_TURNS),
      unfinishedBytes: 0,
      unreadBytes: 0,
      now: clock,
    }
    this.#peerOf = peerOf ?? callerOf
    this.#idleSince = clock()
    service.sink = {
      answer: (session, answer, isUrgent) => sessions.connectionOf(session)?.answer(answer, isUrgent),
      answerAll: (session, answers) => sessions.connectionOf(session)?.answerAll(answers),
    }
    this.#listener.on('connection', (socket) => this.#accept(socket))
  }

  /**
   * Listens. A socket file that nobody listens on any more is replaced.
   *
   * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` another one listens there, what is there is no socket, or there is no such
   *   directory.
   * @throws Node's own system error, `EACCES` for instance.
   */
  static async listen(options: ServerOptions): Promise<Server> {
    const server = new Server(options)
    try {
      if (options.fd === undefined) await server.#listenAt(options)
      else await listening(server.#listener, { fd: options.fd })
    } catch (error) {
      // It may listen already, and not have the group that it shall have: the process is to end.
      server.#listener.close()
      throw error
    }
    server.#tick = setInterval(() => server.#check(), TICK_MS)
    server.#tick.unref()
    return server
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size
  }

  /** Bytes that clients have not read, of those that read slower than they are answered. */
  get unreadBytes(): number {
    return this.#served.unreadBytes
  }

  /** For how many milliseconds nobody has been connected. */
  get idleMs(): number {
    return this.#connections.size > 0 ? 0 : this.#served.now() - this.#idleSince
  }

  /** Takes no more calls, says so to every client, and ends the connections once what was answered is written. The socket file goes. */
  async close(message = 'the server stops'): Promise<void> {
    clearInterval(this.#tick)
    this.#served.late.perform()
    const closed = new Promise((resolve) => this.#listener.close(resolve))
    for (const connection of this.#connections) connection.end({ kind: 'going', message })
    const late = setTimeout(() => this.destroy(), TICK_MS)
    await closed
    clearTimeout(late)
    this.#served.service.sink = undefined
  }

  /** Cuts every connection off, as a crash does. */
  destroy(): void {
    clearInterval(this.#tick)
    this.#served.late.drop()
    this.#served.service.sink = undefined
    this.#listener.close()
    for (const connection of this.#connections) connection.destroy()
  }

  async #listenAt({ path, mode = 0o600, gid }: ServerOptions): Promise<void> {
    if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
      const message = `a socket's path has at most ${PATH_BYTES_MAX} bytes, not ${Buffer.byteLength(path)}: give a shorter one`
      throw new BackendError('ERR_MSGQ_UNAVAILABLE', message)
    }
    await removeDeadSocket(path)
    // Nobody may connect before the permissions are what they shall be.
    const before = process.umask(0o177)
    try {
      await listening(this.#listener, { path })
    } catch (error) {
      // libuv says EACCES of a directory that is missing. Source: libuv src/unix/pipe.c, uv_pipe_bind2().
      if ((await stat(dirname(path)).catch(ignoreMissing)) !== undefined) throw error
      const message = `there is no directory ${dirname(path)}: make it, or give another path`
      throw new BackendError('ERR_MSGQ_UNAVAILABLE', message)
    } finally {
      process.umask(before)
    }
    if (gid !== undefined) await chown(path, -1, gid)
    await chmod(path, mode)
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= this.#connectionsMax) {
      const message = `${this.#connectionsMax} programs are connected: that is the most`
      return refuse(socket, { kind: 'error', code: 'ERR_MSGQ_UNAVAILABLE', message })
    }
    let peer: Caller
    try {
      peer = this.#peerOf(socket)
    } catch (error) {
      // A client may be gone before it is asked who it is.
      const message = `the server cannot tell who you are: ${error instanceof Error ? error.message : error}`
      return refuse(socket, { kind: 'error', code: 'ERR_MSGQ_UNAVAILABLE', message })
    }
    const connection = new Connection(socket, peer, this.#served)
    this.#connections.add(connection)
    socket.on('close', () => {
      this.#connections.delete(connection)
      this.#idleSince = this.#served.now()
    })
  }

  #check(): void {
    const now = this.#served.now()
    this.#served.sessions.expire(now)
    for (const connection of this.#connections) connection.checkTime(now)
  }
}

function listening(listener: net.Server, where: { readonly fd: number } | { readonly path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(where, () => {
      listener.off('error', reject)
      resolve()
    })
  })
}

function refuse(socket: Socket, frame: ServerFrame): void {
  const writer = new FrameWriter()
  writer.write(frame)
  socket.on('error', () => undefined)
  socket.end(writer.take())
  // It may send, which nobody reads; it must not be able to keep the connection.
  socket.resume()
  setTimeout(() => socket.destroy(), TICK_MS).unref()
}

/** @throws {BackendError} what is at the path is in use, or is no socket. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(ignoreMissing)
  if (found === undefined) return
  if (!found.isSocket()) {
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', `${path} is there and is no socket: give another path`)
  }
  if (await isListenedOn(path)) {
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', `another process listens on ${path}: stop it, or give another path`)
  }
  await unlink(path).catch(ignoreMissing)
}

function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      // Its queue is full: somebody listens.
      else if (error.code === 'EAGAIN') resolve(true)
      else reject(error)
    })
  })
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
