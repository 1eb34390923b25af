import { type Logger, pino } from 'pino'
import {
  type Daemon,
  type DaemonOptions,
  JournalError,
  lendNamespace,
  openDaemonNamespace,
  startDaemon,
} from '../../backends/daemon/index.ts'
import { BackendError, type IpcNamespace } from '../../contract/index.ts'
import type { CommandContext } from '../command.ts'
import { listenHttp } from './http.ts'
import { ReplayReport } from './replay-report.ts'
import { activatedFd, notifySystemd } from './systemd.ts'

export interface ServingOptions extends Omit<DaemonOptions, 'fd' | 'onNotice' | 'onImageError' | 'onProgress'> {
  /** Stop when nobody was connected for so long, milliseconds. */
  readonly idleMs: number | undefined
  /** Where monitors ask. */
  readonly port: number | undefined
  /** What to serve, where it is no namespace of the daemon's own; then there is no journal. */
  readonly lent: IpcNamespace | undefined
}

/** What of a command's surroundings a daemon needs. */
type Surroundings = Pick<CommandContext, 'output' | 'environment' | 'interrupted'>

/** How often it is asked whether anybody is there. */
const IDLE_TICK_MS = 200

/**
 * Serves until a signal comes, nobody is there any more, or the disk fails, or what is lent; logs a line of JSON for each event.
 *
 * @throws as `Daemon.start`. @throws {JournalError} the disk has failed: what was not answered is not certain.
 * @throws {BackendError} what is lent has ended: a replica that differs from the others, for instance.
 * @throws the reason of a signal that came before it was ready.
 */
export async function serveUntilTheEnd(
  { idleMs, port, lent, ...options }: ServingOptions,
  { output, environment, interrupted }: Surroundings,
): Promise<void> {
  const log = pino({ base: { pid: process.pid } }, pino.destination({ dest: 1, sync: true }))
  const fd = activatedFd(environment)
  const given = { ...options, ...(fd !== undefined && { fd }), ...listeners(log) }
  const daemon =
    lent === undefined
      ? await replayed(given, log, { output, environment, interrupted })
      : await lendNamespace(lent, given)
  const { path: socket } = options
  const what = lent === undefined ? { state: options.state } : { of: lent.url }
  const http = port === undefined ? undefined : await listenHttp(port, daemon, await openDaemonNamespace(socket))
  log.info({ socket, ...what, ...(http !== undefined && { http: http.address() }) }, 'ready')
  notifySystemd(environment, 'READY=1')
  const from = lent === undefined ? `with a journal in ${options.state}` : `from ${lent.url}`
  await output.note(`serving unix:${socket}, ${from}`)
  const reason = await untilTheEnd(daemon, interrupted, idleMs)
  if (reason instanceof JournalError || reason instanceof BackendError) {
    log.fatal({ code: reason.code }, reason.message)
    http?.closeAllConnections()
    http?.close()
    daemon.server.destroy()
    // Its connections would keep this process.
    await lent?.close()
    throw reason
  }
  log.info({ reason }, 'stopping')
  notifySystemd(environment, 'STOPPING=1')
  http?.closeAllConnections()
  http?.close()
  await daemon.close()
  log.info('stopped')
}

/** Starts a daemon, and says how far it is where that takes long. */
async function replayed(
  options: DaemonOptions,
  log: Logger,
  { output, environment, interrupted }: Surroundings,
): Promise<Daemon> {
  using report = new ReplayReport({
    output,
    log: (read) => log.info({ ...read }, 'replaying'),
    notify: (state) => notifySystemd(environment, state),
  })
  return await startDaemon({
    ...options,
    onProgress: (read) => {
      interrupted.throwIfAborted()
      report.update(read)
    },
  })
}

function listeners(log: Logger): Pick<DaemonOptions, 'onNotice' | 'onImageError'> {
  return {
    onNotice: ({ message, ...rest }) => log.warn(rest, message),
    onImageError: (error) => log.error({ error: String(error) }, 'no image could be written: the journal goes on'),
  }
}

/** Why to stop. */
async function untilTheEnd(
  daemon: Daemon,
  interrupted: AbortSignal,
  idleMs: number | undefined,
): Promise<string | JournalError | BackendError> {
  let tick: NodeJS.Timeout | undefined
  const signal = new Promise<string>((resolve) => {
    const end = () => resolve(interrupted.reason instanceof Error ? interrupted.reason.message : 'interrupted')
    if (interrupted.aborted) end()
    else interrupted.addEventListener('abort', end, { once: true })
  })
  const idle = new Promise<string>((resolve) => {
    if (idleMs === undefined) return
    tick = setInterval(() => daemon.server.idleMs >= idleMs && resolve('nobody is connected'), IDLE_TICK_MS)
  })
  try {
    return await Promise.race([signal, idle, ...(daemon.failed === undefined ? [] : [daemon.failed])])
  } finally {
    clearInterval(tick)
  }
}
