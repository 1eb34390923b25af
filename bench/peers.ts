import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { failure } from './program.ts'

/** The packages that msgq is measured against: installed here by the first run that needs them, never with msgq. */
const PEERS = join(import.meta.dirname, '..', '..', 'bench', 'peers')

/** Without a network, a run should not try for minutes before it says so. */
const IMPATIENT = ['--fetch-retries=0', '--fetch-timeout=20000']

/** Installs them unless they are there; no install script is run. @returns Why they are not there, or `undefined`. */
export function installPeers(): string | undefined {
  if (failure('npm', ['ls'], PEERS) === undefined) return undefined
  const reason = failure('npm', ['install', ...IMPATIENT], PEERS)
  return reason === undefined ? undefined : `npm install in bench/peers failed: ${reason}`
}

/** Compiles svmq, which brings no binary: its install script does, here and only here. @returns Why not, or `undefined`. */
export function buildSvmq(): string | undefined {
  // One that was compiled for another Node does not load either.
  const loading = () => failure(process.execPath, ['-e', "require('svmq')"], PEERS)
  if (loading() === undefined) return undefined
  const reason = failure('npm', ['rebuild', 'svmq', '--ignore-scripts=false'], PEERS) ?? loading()
  return reason === undefined ? undefined : `svmq does not compile: ${reason}`
}

/** Loads one; its types are what `Peer` says is used of it. */
export function requirePeer<Peer>(packageName: string): Peer {
  return createRequire(join(PEERS, 'package.json'))(packageName) as Peer
}

/** Their names and versions. */
export function peerVersions(): string[] {
  const { dependencies } = JSON.parse(readFileSync(join(PEERS, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  return Object.entries(dependencies).map(([name, version]) => `${name} ${version}`)
}
