import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Comparison, Figure, Setting } from './comparison.ts'
import type { Growth } from './growth.ts'
import { OWN_NAMESPACES, type Requirement } from './requirements.ts'

/** What one process measured. */
export interface Outcome {
  readonly figure: Figure
  /** Nanoseconds for one time of the work, where it is that. */
  readonly oursNs?: number
  readonly peerNs?: number
}

/** The name of what draws the growth, beside those of the comparisons. */
export const GROWTH_NAME = 'growth'
export const GROWTH_REQUIREMENTS: readonly Requirement[] = ['ipc', 'c-loop']

/** Measures one comparison in a process of its own. @throws {Error} It failed: what it said is on the error output. */
export async function runComparison({ name, requirements }: Comparison, setting: Setting): Promise<Outcome> {
  return (await inOwnProcess(name, requirements, setting)) as Outcome
}

/** Measures time against depth. @throws {Error} As `runComparison`. */
export async function runGrowth(setting: Setting): Promise<Growth[]> {
  return (await inOwnProcess(GROWTH_NAME, GROWTH_REQUIREMENTS, setting)) as Growth[]
}

async function inOwnProcess(name: string, needed: readonly Requirement[], setting: Setting): Promise<unknown> {
  const node = [process.execPath, '--expose-gc', join(import.meta.dirname, 'measure-one.js')]
  const [command = '', ...args] = needed.includes('ipc') ? ['unshare', ...OWN_NAMESPACES, ...node] : node
  const child = spawn(command, [...args, name, JSON.stringify(setting)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = () => child.kill('SIGKILL')
  process.prependOnceListener('exit', kill)
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const [code] = await once(child, 'close')
  process.off('exit', kill)
  if (code !== 0) throw new Error(`${name} failed (exit code ${code}): there is no figure`)
  return JSON.parse(printed)
}
