import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { natsServer } from '../test/jetstream/nats-server.ts'
import { postgresPrograms } from './contenders/postgres-server.ts'
import { buildSvmq, installPeers } from './peers.ts'
import { failure, isProgram } from './program.ts'

/** What a comparison needs of the machine, beside Node; in the order in which they are looked for. */
export const REQUIREMENTS = ['ipc', 'c-loop', 'peers', 'svmq', 'redis-server', 'postgres', 'nats-server'] as const
export type Requirement = (typeof REQUIREMENTS)[number]

const SOURCES = join(import.meta.dirname, '..', '..', 'bench')

/** Arguments of unshare(1). Queues of the machine's own are never touched; and whatever a killed process started ends with it. */
export const OWN_NAMESPACES: readonly string[] = ['--ipc', '--pid', '--mount-proc', '--kill-child']

/** Where the compiled C loop is. */
export function cLoopIn(scratch: string): string {
  return join(scratch, 'c-loop')
}

/** Where the compiled supervisor in C is. */
export function notifyLoopIn(scratch: string): string {
  return join(scratch, 'notify-loop')
}

/**
 * Gets what some comparisons need: compiles the C loop into the scratch folder, installs the peers.
 *
 * @returns Why each requirement that cannot be met cannot.
 */
export function meetRequirements(needed: ReadonlySet<Requirement>, scratch: string): Map<Requirement, string> {
  const missing = new Map<Requirement, string>()
  const meet: Readonly<Record<Requirement, () => string | undefined>> = {
    ipc: ownIpcNamespace,
    'c-loop': () => compileCLoop(scratch),
    peers: installPeers,
    svmq: () => missing.get('peers') ?? buildSvmq(),
    'redis-server': () =>
      isProgram('redis-server') ? undefined : 'no redis-server (Debian: apt-get install redis-server)',
    postgres: () =>
      postgresPrograms() === undefined ? 'no PostgreSQL (Debian: apt-get install postgresql)' : undefined,
    'nats-server': () =>
      natsServer() === undefined
        ? 'no nats-server of 2.12 or newer: NATS_SERVER, PATH, or npm test with CI=true'
        : undefined,
  }
  for (const requirement of REQUIREMENTS) {
    const reason = needed.has(requirement) ? meet[requirement]() : undefined
    if (reason !== undefined) missing.set(requirement, reason)
  }
  return missing
}

function ownIpcNamespace(): string | undefined {
  if (!existsSync('/proc/sys/kernel/msgmnb')) return 'this kernel has no System V queues'
  const reason = failure('unshare', [...OWN_NAMESPACES, 'true'])
  return reason === undefined ? undefined : `no IPC namespace of its own (as root, with util-linux): ${reason}`
}

function compileCLoop(scratch: string): string | undefined {
  if (!isProgram('cc')) return 'no C compiler (Debian: apt-get install build-essential)'
  for (const program of [cLoopIn(scratch), notifyLoopIn(scratch)]) {
    const source = join(SOURCES, `${basename(program)}.c`)
    const reason = failure('cc', ['-O2', '-o', program, source])
    if (reason !== undefined) return `${source} does not compile: ${reason}`
  }
  return undefined
}
