import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether there is a program of this name. */
export function isProgram(name: string): boolean {
  const { PATH = '' } = process.env
  return PATH.split(delimiter).some((folder) => existsSync(join(folder, name)))
}

/** What is said when there is no network: rather told than the errors that follow from it. */
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH/

/** Runs a program. @returns Why it failed, in one line; `undefined` when it did not. */
export function failure(program: string, args: readonly string[], cwd: string = '.'): string | undefined {
  const { status, error, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (status === 0) return undefined
  if (error !== undefined) return error.message
  const lines = stderr.split('\n')
  const reason = lines.find((line) => NO_NETWORK.test(line)) ?? lines.find((line) => /err|denied|not /i.test(line))
  return reason ?? `exit code ${status}`
}
