import type { ExitCode } from './exit-code.ts'

/** The command line was wrong: nothing was asked of any namespace. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'ERR_MSGQ_USAGE'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** What was given to be sent is wrong: a line that is no message. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly code = 'ERR_MSGQ_INPUT'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** No message came, or no room, in the time that was given. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
  readonly code = 'ERR_MSGQ_TIMEOUT'
}

/** The command that was run for a message did not succeed. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly code = 'ERR_MSGQ_COMMAND'
  /** Its exit status; `null` when a signal ended it. */
  readonly status: number | null
  /** Where the message is now. */
  readonly hint: string

  constructor(message: string, status: number | null, hint: string) {
    super(message)
    this.status = status
    this.hint = hint
  }
}

/** A signal asked this process to end. */
export class Interruption extends Error {
  override readonly name = 'Interruption'
  readonly exitCode: ExitCode

  constructor(signal: NodeJS.Signals, exitCode: ExitCode) {
    super(`interrupted by ${signal}`)
    this.exitCode = exitCode
  }
}

/** Whoever read our output has gone: there is nobody left to talk to. */
export class ClosedPipe extends Error {
  override readonly name = 'ClosedPipe'
}

/** All was done and told; only the exit status says more, as `diff --exit-code` has it. */
export class QuietEnd extends Error {
  override readonly name = 'QuietEnd'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode) {
    super('done')
    this.exitCode = exitCode
  }
}
