import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const VERSION_LEAST = [2, 12] as const
const CACHE = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'nats-server')
/** Whose packages are new enough; the machine's own sources say where they are. */
const DEBIAN_SUITE = 'sid'

/** A nats-server that is new enough: that of NATS_SERVER, of PATH, or one that was fetched before. */
export function natsServer(): string | undefined {
  const { NATS_SERVER, PATH = '' } = process.env
  const onPath = PATH.split(delimiter).map((folder) => join(folder, 'nats-server'))
  const candidates = [NATS_SERVER ?? '', ...onPath, join(CACHE, 'root', 'usr', 'sbin', 'nats-server')]
  return candidates.find((path) => path !== '' && existsSync(path) && isNewEnough(path))
}

/**
 * Fetches nats-server into the project's cache, from a newer suite of the mirror that this machine's apt is configured
 * for; nothing is installed. Returns why that cannot be done.
 */
export function fetchNatsServer(): string | undefined {
  const targets = apt('apt-get', ['indextargets', '--format', '$(SITE) $(CODENAME) $(ORIGIN)', 'Created-By: Packages'])
  const [mirror] =
    targets
      ?.split('\n')
      .find((line) => line.endsWith(' Debian') && !/security/.test(line))
      ?.split(' ') ?? []
  if (mirror === undefined)
    return 'apt is not configured for Debian here: set NATS_SERVER to a nats-server of 2.12 or newer'
  rmSync(CACHE, { recursive: true, force: true })
  for (const folder of ['lists/partial', 'archives/partial', 'root'])
    mkdirSync(join(CACHE, folder), { recursive: true })
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(join(CACHE, 'sources.list'), `deb [signed-by=${keyring}] ${mirror} ${DEBIAN_SUITE} main\n`)
  const options = [
    `Dir::Etc::sourcelist=${join(CACHE, 'sources.list')}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${join(CACHE, 'lists')}`,
    `Dir::Cache=${CACHE}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option])
  if (apt('apt-get', [...options, '-q', 'update']) === undefined) return `no ${DEBIAN_SUITE} at this machine's mirror`
  if (apt('apt-get', [...options, '-q', 'download', 'nats-server']) === undefined)
    return 'nats-server cannot be fetched'
  const found = readdirSync(CACHE).find((name) => name.endsWith('.deb'))
  if (found === undefined || apt('dpkg', ['-x', join(CACHE, found), join(CACHE, 'root')]) === undefined) {
    return 'the package of nats-server cannot be unpacked'
  }
  return natsServer() === undefined ? 'the nats-server that was fetched is older than 2.12, or does not run' : undefined
}

function apt(program: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { cwd: workingFolder(), encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}

function workingFolder(): string {
  return existsSync(CACHE) ? CACHE : '.'
}

function isNewEnough(path: string): boolean {
  const { stdout = '' } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  const [, major = 0, minor = 0] = /v(\d+)\.(\d+)\./.exec(stdout)?.map(Number) ?? []
  return major > VERSION_LEAST[0] || (major === VERSION_LEAST[0] && minor >= VERSION_LEAST[1])
}
