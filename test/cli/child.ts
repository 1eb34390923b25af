import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** The command as the package has it: what users run, and it starts in half the time of the tree that tsc compiled. */
export const MSGQ: string = join(import.meta.dirname, '..', '..', 'package', 'main.js')

/** Longer than any command takes: a child that waits for ever must not hold the tests. */
const TIMEOUT_MS = 60_000

/** A process that has ended. */
export interface Finished {
  /** `null` when a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stdoutBytes: Buffer
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly environment?: NodeJS.ProcessEnv
  readonly folder?: string
}

/** Runs a program to its end. @throws it cannot be started, or takes longer than any should. */
export function runProgram(program: string, words: readonly string[], options: RunOptions = {}): Finished {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    input: options.input ?? '',
    env: { ...process.env, MSGQ_NAMESPACE: '', ...options.environment },
    timeout: TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
    ...(options.folder !== undefined && { cwd: options.folder }),
  })
  if (error !== undefined) throw error
  return { status, stdout: stdout.toString(), stdoutBytes: stdout, stderr: stderr.toString() }
}

/** Runs `msgq` to its end. */
export function msgq(words: readonly string[], options: RunOptions = {}): Finished {
  return runProgram(process.execPath, [MSGQ, ...words], options)
}
