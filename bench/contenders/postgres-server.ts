import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** Debian's packages keep a version's programs here, beside PATH. */
const DEBIAN = '/usr/lib/postgresql'
/** PostgreSQL does not run as root: its package makes this user. */
const USER = 'postgres'
const START_MS = 30_000
/** Beside those that are used: what PostgreSQL keeps for its superuser. */
const CONNECTIONS_BESIDE = 8

/** A PostgreSQL of our own, on a Unix socket. */
export interface PostgresServer {
  /** Where its socket is. */
  readonly host: string
  readonly user: string
  close(): Promise<void>
}

/** The folder of the newest `initdb` and `postgres`; `undefined` where there is none. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const { PATH = '' } = process.env
  const folders = [...PATH.split(delimiter), ...versions.map((each) => join(DEBIAN, each, 'bin'))]
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))))
}

/** Starts one that flushes before it answers, as is its default. @throws {Error} it does not start. */
export async function startPostgres(connections: number): Promise<PostgresServer> {
  const programs = postgresPrograms()
  if (programs === undefined) throw new Error('there is no PostgreSQL')
  const as = process.geteuid?.() === 0 ? idsOf(USER) : {}
  // Another user must come this far.
  const dir = mkdtempSync(join(tmpdir(), 'msgq-postgres-'))
  if (as.uid !== undefined && as.gid !== undefined) chownSync(dir, as.uid, as.gid)
  const options: SpawnOptions = { ...as, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] }
  const data = join(dir, 'data')
  const made = spawnSync(join(programs, 'initdb'), ['-D', data, '-U', USER, '--auth=trust', '-E', 'UTF8'], {
    ...as,
    cwd: dir,
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const settings = {
    listen_addresses: '',
    unix_socket_directories: dir,
    max_connections: String(connections + CONNECTIONS_BESIDE),
    fsync: 'on',
    synchronous_commit: 'on',
  }
  const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(programs, 'postgres'), ['-D', data, ...words], options)
  let said = ''
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const since = performance.now()
  while (!said.includes('ready to accept connections')) {
    if (server.exitCode !== null || performance.now() - since > START_MS) {
      throw new Error(`PostgreSQL did not start: ${said}`)
    }
    await setTimeout(20)
  }
  return {
    host: dir,
    user: USER,
    close: async () => {
      const closed = once(server, 'close')
      // "Smart Shutdown": sessions end by themselves, as they do now; one that is told of the end would be an error of the
      // client's. Source: PostgreSQL's manual, "Shutting Down the Server".
      server.kill('SIGTERM')
      await closed
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function idsOf(user: string): { readonly uid?: number; readonly gid?: number } {
  const [uid, gid] = ['-u', '-g'].map((option) => Number(spawnSync('id', [option, user], { encoding: 'utf8' }).stdout))
  if (!uid || !gid) throw new Error(`there is no user ${user} to run PostgreSQL as`)
  return { uid, gid }
}
