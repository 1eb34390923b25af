/** `npm run fresh`: see `HELP`. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { readCommandLine } from './command-line.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const SUITE = 'bookworm'
const INSIDE = '/srv/msgq'
/** Where Node's archive has its headers, which a compiled peer of the benchmarks needs. */
const HEADERS = join('include', 'node')
const CERTIFICATES = '/etc/extra-certificates.pem'
/** What a process needs of a system around it; they end with the mount namespace. */
const MOUNTS = [
  'mount --make-rprivate /',
  // Tests that mount something of their own (unshare --mount) need a root that is itself a mount.
  'mount --bind "$0" "$0"',
  'mount -t proc proc "$0/proc"',
  'mount --rbind /sys "$0/sys"',
  'mount --rbind /dev "$0/dev"',
  'mount -t tmpfs tmpfs "$0/tmp"',
]

const HELP = `npm run fresh -- [WORD…]

Tries what README.md tells a newcomer in a new Debian that has Node and npm and nothing else. With words, only the test
files whose path has one of them. Root, debootstrap (Debian: apt-get install debootstrap) and Debian's mirror are needed;
nothing outside the new root is changed.

  npm run fresh
  npm run fresh -- docs tidy`

process.exitCode = main(readCommandLine(HELP, { allowPositionals: true }, (_, words) => words))

function main(words: readonly string[]): number {
  const root = mkdtempSync(join(tmpdir(), 'msgq-fresh-'))
  try {
    makeRoot(root)
    const commands = ['npm ci && npm start', `npm ci && npm test -- ${words.join(' ')}`.replace(/ -- $/, '')]
    const failed = commands.filter((command) => {
      const started = Date.now()
      console.log(`\n$ ${command}`)
      const status = inside(root, command)
      console.log(
        `${command}: ${status === 0 ? 'ok' : `status ${status}`}, ${Math.round((Date.now() - started) / 1000)} s`,
      )
      return status !== 0
    })
    return failed.length
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** A Debian with its smallest set of packages, this Node, its npm, and the files that a clone has. */
function makeRoot(root: string): void {
  // As a root is; a temporary directory is its maker's alone.
  chmodSync(root, 0o755)
  run('debootstrap', ['--variant=minbase', SUITE, root, mirror()])
  const local = join(root, 'usr', 'local')
  const programs = join(local, 'bin')
  const npm = npmFolder()
  copyFileSync(process.execPath, join(programs, 'node'))
  const headers = join(dirname(dirname(process.execPath)), HEADERS)
  if (existsSync(headers)) cpSync(headers, join(local, HEADERS), { recursive: true, dereference: true })
  cpSync(npm, join(local, 'lib', 'node_modules', 'npm'), { recursive: true })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(programs, 'npm'))
  for (const file of ['/etc/resolv.conf', '/etc/hosts']) if (existsSync(file)) copyFileSync(file, join(root, file))
  // A mirror that stands still is older than its own lists allow; where this machine bears that, the new root does.
  const isOldBorne = output('apt-config', ['dump', 'Acquire::Check-Valid-Until'])
  writeFileSync(join(root, 'etc', 'apt', 'apt.conf.d', '90old-mirror'), `${isOldBorne}\n`)
  // Whom this machine trusts beside everybody, such as the certificate of a mirror.
  const { NODE_EXTRA_CA_CERTS } = process.env
  if (NODE_EXTRA_CA_CERTS !== undefined) copyFileSync(NODE_EXTRA_CA_CERTS, join(root, CERTIFICATES))
  mkdirSync(join(root, INSIDE), { recursive: true })
  const pack = 'git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -c | tar -x -C "$0"'
  run('sh', ['-c', pack, join(root, INSIDE)])
}

/** Runs a shell's command in the new root, in IPC, mount and process namespaces of its own, with CI=true. */
function inside(root: string, command: string): number {
  const environment = [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME=/root',
    'CI=true',
    ...(existsSync(join(root, 'usr', 'local', HEADERS)) ? ['npm_config_nodedir=/usr/local'] : []),
    // Where this machine fetches packages, since the new root has no settings of its own.
    `npm_config_registry=${output('npm', ['config', 'get', 'registry'])}`,
    ...(existsSync(join(root, CERTIFICATES)) ? [`NODE_EXTRA_CA_CERTS=${CERTIFICATES}`] : []),
  ]
  const script = `${MOUNTS.join(' && ')} && exec chroot "$0" env -i "$@"`
  const words = [...environment, 'sh', '-c', `cd ${INSIDE} && ${command}`]
  const { status } = spawnSync('unshare', ['--mount', '--pid', '--ipc', '--fork', 'sh', '-c', script, root, ...words], {
    stdio: 'inherit',
  })
  return status ?? 1
}

/** The mirror that this machine's apt is configured for. */
function mirror(): string {
  const targets = output('apt-get', ['indextargets', '--format', '$(SITE) $(CODENAME)', 'Created-By: Packages'])
  const [found] =
    targets
      .split('\n')
      .find((line) => line.endsWith(` ${SUITE}`))
      ?.split(' ') ?? []
  if (found === undefined) throw new Error(`apt has no sources of Debian's ${SUITE} here`)
  return found
}

function npmFolder(): string {
  const { PATH = '' } = process.env
  const npm = PATH.split(delimiter)
    .map((folder) => join(folder, 'npm'))
    .find(existsSync)
  if (npm === undefined) throw new Error('there is no npm in PATH')
  return dirname(dirname(realpathSync(npm)))
}

function output(program: string, words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', cwd: ROOT })
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`)
  return stdout.trim()
}

function run(program: string, words: readonly string[]): void {
  const { status, error } = spawnSync(program, words, { stdio: ['ignore', 2, 2], cwd: ROOT })
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${error?.message ?? `status ${status}`}`)
}
