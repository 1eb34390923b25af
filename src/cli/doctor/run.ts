import { spawnSync } from 'node:child_process'
import { obstacleHere } from '../../supervisor/index.ts'
import { MAIN } from '../package.ts'
import { type Finding, limited, ok } from './finding.ts'

/** Longer than a program that does nothing takes to start, also on a machine that has much else to do. */
const TRIAL_MS = 30_000

/** Whether `msgq run` answers programs here. What a sandbox has in the way is only seen by running one. */
export function runFinding(): Finding {
  const obstacle = obstacleHere() ?? trial()
  if (obstacle !== undefined) return limited('run', `programs cannot be run: ${obstacle.found}`, obstacle.advice)
  const apart = "semaphores and shared memory stay the kernel's, for those that need them too (fakeroot)"
  return ok('run', `programs run over any namespace, unchanged; ${apart}`)
}

/** Runs a program that does nothing. @returns What is in the way. */
function trial(): { found: string; advice: string } | undefined {
  const { error, status, stderr } = spawnSync(process.execPath, [MAIN, 'run', '--namespace', 'memory:', '--', 'true'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TRIAL_MS,
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  if (error !== undefined && 'code' in error && error.code === 'ETIMEDOUT') {
    const found = `\`true\` had not ended after ${TRIAL_MS / 1000} s`
    return { found, advice: 'Is this machine very busy? `msgq run -- true` shows more.' }
  }
  const [, found = `status ${status}`] = /^msgq: (.*)$/m.exec(stderr) ?? []
  const [, advice = '`msgq run -- true` shows more'] = /^hint: (.*)$/m.exec(stderr) ?? []
  return { found, advice }
}
