import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fetchNatsServer, natsServer } from './jetstream/nats-server.ts'

/** A program that tests run and that npm does not bring. */
export interface NeededProgram {
  /** Its name; a file's path, where it is no command. */
  readonly program: string
  readonly debianPackage: string
  readonly neededBy: string
}

const NEEDED: readonly NeededProgram[] = [
  { program: 'chromium', debianPackage: 'chromium', neededBy: "the inspector's page" },
  { program: 'unshare', debianPackage: 'util-linux', neededBy: "an IPC namespace of the tests' own" },
  { program: 'ipcmk', debianPackage: 'util-linux', neededBy: 'queues that we did not make' },
  { program: 'ipcs', debianPackage: 'util-linux', neededBy: 'queues seen by others' },
  { program: 'script', debianPackage: 'bsdutils', neededBy: 'commands at a terminal' },
  { program: 'zsh', debianPackage: 'zsh', neededBy: 'its completion of commands' },
  { program: 'fish', debianPackage: 'fish', neededBy: 'its completion of commands' },
  { program: 'perl', debianPackage: 'perl', neededBy: 'messages that we did not send' },
  { program: 'crit', debianPackage: 'criu', neededBy: "images read and written by CRIU's own tool" },
  { program: 'systemd-analyze', debianPackage: 'systemd', neededBy: 'the units of examples/systemd' },
  { program: 'systemd-nspawn', debianPackage: 'systemd-container', neededBy: 'a machine that restarts with them' },
  { program: 'promtool', debianPackage: 'prometheus', neededBy: 'the alerts of examples/prometheus' },
  { program: 'mandoc', debianPackage: 'mandoc', neededBy: 'the man pages' },
  { program: 'php', debianPackage: 'php-cli', neededBy: 'msgq run, and the guide from PHP' },
  { program: 'lua5.3', debianPackage: 'lua5.3', neededBy: 'msgq run' },
  { program: '/usr/lib/x86_64-linux-gnu/lua/5.3/posix.so', debianPackage: 'lua-posix', neededBy: 'msgq run' },
  {
    program: '/usr/lib/python3/dist-packages/sysv_ipc.cpython-311-x86_64-linux-gnu.so',
    debianPackage: 'python3-sysv-ipc',
    neededBy: 'msgq run, and the guide from Python',
  },
  { program: 'jq', debianPackage: 'jq', neededBy: 'commands of the guides' },
  { program: 'hexdump', debianPackage: 'bsdextrautils', neededBy: 'commands of the guides' },
  { program: 'rsync', debianPackage: 'rsync', neededBy: 'commands of the guides' },
  { program: 'ps', debianPackage: 'procps', neededBy: 'commands of the guides' },
  { program: 'stress-ng', debianPackage: 'stress-ng', neededBy: 'msgq run' },
  { program: '/usr/lib32/libc.a', debianPackage: 'gcc-multilib', neededBy: 'programs of 32 bits under msgq run' },
  { program: 'ip', debianPackage: 'iproute2', neededBy: 'servers that are cut off from each other' },
  { program: 'openssl', debianPackage: 'openssl', neededBy: 'certificates of NATS servers' },
  { program: 'cc', debianPackage: 'build-essential', neededBy: 'the C loop that benchmarks compare with' },
  { program: 'g++', debianPackage: 'build-essential', neededBy: 'svmq, which benchmarks compare with' },
  { program: 'make', debianPackage: 'build-essential', neededBy: 'svmq' },
  { program: 'python3', debianPackage: 'python3', neededBy: 'svmq, by node-gyp' },
  {
    program: 'redis-server',
    debianPackage: 'redis-server',
    neededBy: 'ioredis and bullmq, which benchmarks compare with',
  },
  {
    program: 'pg_ctlcluster',
    debianPackage: 'postgresql',
    neededBy: 'PostgreSQL, which benchmarks compare with',
  },
]

/** What the tests need and this machine lacks. */
export function missingPrograms(): NeededProgram[] {
  const { PATH = '' } = process.env
  const places = (program: string) => PATH.split(delimiter).map((folder) => join(folder, program))
  const isThere = (program: string) =>
    (program.startsWith('/') ? [program] : places(program)).some((path) => existsSync(path))
  return NEEDED.filter(({ program }) => !isThere(program))
}

/** Installs what is missing, from Debian. Returns why that cannot be done; `undefined` when nothing is missing any more. */
export function installMissingPrograms(): string | undefined {
  const problem = natsServer() === undefined ? fetchNatsServer() : undefined
  if (problem !== undefined) return `the tests need nats-server: ${problem}`
  const missing = missingPrograms()
  if (missing.length === 0) return undefined
  const names = missing.map(({ program }) => program).join(', ')
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))]
  const byHand = `install them by hand (Debian: apt-get install ${packages.join(' ')})`
  if (process.getuid?.() !== 0) return `the tests need ${names}, and only root may install them: ${byHand}`

  console.error(`installing ${packages.join(' ')}: the tests need ${names}`)
  for (const command of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status, error } = spawnSync('apt-get', ['-q', ...command], {
      // What apt-get tells is for whoever looks into a failure, not part of the tests' own output.
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (error !== undefined) return `the tests need ${names}, and there is no apt-get here: ${byHand}`
    if (status !== 0) return `the tests need ${names}, and apt-get ${command[0]} failed: ${byHand}`
  }
  const still = missingPrograms()
  return still.length === 0
    ? undefined
    : `apt-get brought no ${still.map(({ program }) => program).join(', ')}: ${byHand}`
}

/** Why a test that needs these packages is skipped here; in CI it is not, and fails where one is missing. */
export function skippedWithout(...debianPackages: readonly string[]): string | false {
  const { CI } = process.env
  const missing = missingPrograms().filter(({ debianPackage }) => debianPackages.includes(debianPackage))
  if (CI || missing.length === 0) return false
  return `missing: ${missing.map(({ program, debianPackage }) => `${program} (Debian: apt-get install ${debianPackage})`).join(', ')}`
}
