import { BackendError, SyscallError } from '../contract/index.ts'
import { ImageError } from '../image/index.ts'
import { ClosedPipe, CommandFailed, InputError, Interruption, QuietEnd, TimeoutError, UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { hintFor } from './hints.ts'
import type { Output } from './output.ts'

/** An error as the user is told of it. */
interface Failure {
  readonly exitCode: ExitCode
  readonly message: string
  readonly hint?: string | undefined
  /** What programs need: code, errno, syscall … */
  readonly details: Readonly<Record<string, unknown>>
}

/** Tells the user what went wrong, on standard error. @returns The exit status that says so too. */
export async function report(error: unknown, output: Output): Promise<ExitCode> {
  if (error instanceof ClosedPipe) return EXIT.done
  if (error instanceof Interruption || error instanceof QuietEnd) return error.exitCode
  const { exitCode, message, hint, details } = failureOf(error)
  if (output.isJson) {
    await output.note(JSON.stringify({ ...details, message, hint, exitCode }))
    return exitCode
  }
  await output.note(`${output.errorStyle.red('msgq:')} ${message}`)
  if (hint !== undefined) await output.note(`${output.errorStyle.dim('hint:')} ${hint}`)
  return exitCode
}

function failureOf(error: unknown): Failure {
  if (error instanceof UsageError || error instanceof InputError) {
    return { exitCode: EXIT.usage, message: error.message, hint: error.hint, details: { code: error.code } }
  }
  if (error instanceof TimeoutError) {
    return { exitCode: EXIT.timedOut, message: error.message, details: { code: error.code } }
  }
  if (error instanceof CommandFailed) {
    const { code, status, message, hint } = error
    return { exitCode: EXIT.refused, message, hint, details: { code, status } }
  }
  if (error instanceof SyscallError) return refusal(error)
  if (error instanceof BackendError) {
    return { exitCode: EXIT.outOfReach, message: error.message, hint: hintFor(error), details: { code: error.code } }
  }
  if (error instanceof ImageError) {
    const { code, file, offset, expected, message } = error
    return {
      exitCode: EXIT.outOfReach,
      message,
      hint: 'nothing was restored',
      details: { code, file, offset, expected },
    }
  }
  if (isProgramError(error)) {
    const { exitCode, message, hint } = error
    return { exitCode, message, hint, details: { code: 'ERR_MSGQ_PROGRAM' } }
  }
  if (isJournalError(error)) {
    const { code, message } = error
    return { exitCode: EXIT.outOfReach, message, hint: JOURNAL_HINTS.get(code), details: { code } }
  }
  if (isSystemError(error)) {
    const { code, errno, syscall, path, message } = error
    return { exitCode: EXIT.outOfReach, message, details: { code, errno, syscall, path } }
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const hint = 'this is a fault of msgq itself: please report it, with the lines above'
  return { exitCode: EXIT.fault, message, hint, details: { code: 'ERR_MSGQ_FAULT' } }
}

function refusal(error: SyscallError): Failure {
  const { code, errno, syscall, msqid, key } = error
  const suffix = error.hint === undefined ? '' : `: ${error.hint}`
  // The hint has a line of its own here.
  const message = error.message.endsWith(suffix)
    ? error.message.slice(0, error.message.length - suffix.length)
    : error.message
  return {
    exitCode: EXIT.refused,
    message,
    hint: hintFor(error) ?? error.hint,
    details: { code, errno, syscall, msqid, key },
  }
}

const JOURNAL_HINTS: ReadonlyMap<string, string> = new Map([
  ['ERR_MSGQ_JOURNAL_LOCKED', 'stop that one, or give another directory with --state'],
  [
    'ERR_MSGQ_JOURNAL_DAMAGED',
    '`msgq serve --accept-loss` starts without what is lost, and keeps it in files beside the journal',
  ],
  ['ERR_MSGQ_JOURNAL_VERSION', 'use the msgq that wrote it, or a newer one'],
  ['ERR_MSGQ_JOURNAL_FAILED', 'nothing that was answered is lost: see to the disk, and start it again'],
])

/** A `JournalError`, told by its code: its module is loaded where a journal is opened, not for every command. */
function isJournalError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && /^ERR_MSGQ_JOURNAL_/.test(String(error.code))
}

/** A `ProgramError`, told by its name: its module is loaded where a program is run. */
function isProgramError(error: unknown): error is Error & { readonly exitCode: 126 | 127; readonly hint: string } {
  return error instanceof Error && error.name === 'ProgramError'
}

/** An error of Node's own system calls: a folder that is not there, a disk that is full. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
