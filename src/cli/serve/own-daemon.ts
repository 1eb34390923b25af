import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BackendError, type IpcNamespace } from '../../contract/index.ts'
import { openNamespace } from '../../open/index.ts'
import type { Output } from '../output.ts'
import { MAIN } from '../package.ts'
import { sizeOf } from '../words.ts'
import { ownPlaces, type Places } from './places.ts'

/** A daemon that nobody asked for goes when nobody needs it. */
const IDLE_SECONDS = 60
/** A start that says nothing for so long has failed; one that replays a long journal says every five seconds how far it is. */
const START_MS = 20_000
const RETRY_MS = 20

/**
 * Opens the namespace of this user's own daemon, which is started when it does not run.
 *
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` it cannot be started: the message has its last words.
 */
export async function openOwnNamespace(environment: NodeJS.ProcessEnv, output: Output): Promise<IpcNamespace> {
  const places = ownPlaces(environment)
  const url = `unix:${places.socket}`
  const running = await opened(url)
  if (running !== undefined) return running
  const log = join(places.state, 'log')
  const hasEnded = startDaemon(places, log)
  await output.note(`started a daemon for ${url}; it stops when nobody was connected for ${IDLE_SECONDS} seconds`)
  let until = performance.now() + START_MS
  for (let said = 0; ; ) {
    const { size } = statSync(log)
    if (size !== said) {
      said = size
      until = performance.now() + START_MS
      output.status(replayIn(log))
    }
    // Where another one has the journal, a command started it in the same moment: it will be there soon.
    const isLast = performance.now() > until || (hasEnded() && !isAnothers(log))
    const started = await opened(url)
    if (started !== undefined || isLast) output.status(undefined)
    if (started !== undefined) return started
    if (isLast) throw new BackendError('ERR_MSGQ_UNAVAILABLE', `a daemon cannot be started: ${lastWords(log)}`)
    await delay(RETRY_MS)
  }
}

/** The namespace, if somebody serves it. */
async function opened(url: string): Promise<IpcNamespace | undefined> {
  try {
    return await openNamespace(url)
  } catch (error) {
    const isNobody = error instanceof BackendError && /ENOENT|ECONNREFUSED|ECONNRESET/.test(causeOf(error))
    if (isNobody) return undefined
    throw error
  }
}

function causeOf({ cause }: BackendError): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : ''
}

/** Starts it apart from this process and its terminal. @returns Whether it has ended. */
function startDaemon({ socket, state }: Places, log: string): () => boolean {
  mkdirSync(state, { recursive: true, mode: 0o700 })
  const fd = openSync(log, 'a', 0o600)
  const words = ['serve', '--socket', socket, '--state', state, '--idle-exit', String(IDLE_SECONDS)]
  const child = spawn(process.execPath, [MAIN, ...words], { detached: true, stdio: ['ignore', fd, fd] })
  closeSync(fd)
  child.unref()
  let isOver = false
  const over = () => {
    isOver = true
  }
  child.once('error', over).once('exit', over)
  return () => isOver
}

/** Whether it ended because another daemon has the journal. */
function isAnothers(log: string): boolean {
  return reasonIn(log).includes('ERR_MSGQ_JOURNAL_LOCKED')
}

/** How far the replay of its journal is, in words, if that is what it told last. */
export function replayIn(log: string): string | undefined {
  const [, bytes, totalBytes] =
    /"bytes":(\d+),"totalBytes":(\d+),"msg":"replaying"\}\n$/.exec(readFileSync(log, 'utf8')) ?? []
  if (bytes === undefined || totalBytes === undefined) return undefined
  return `the daemon replays its journal: ${sizeOf(Number(bytes))} of ${sizeOf(Number(totalBytes))}`
}

/** What it told last, of which the first line is the reason. */
function lastWords(log: string): string {
  return reasonIn(log).replace(/^msgq: (ERR_\w+: )?/, '') || `see ${log}`
}

function reasonIn(log: string): string {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
  return lines.filter((line) => line.startsWith('msgq: ')).at(-1) ?? ''
}
