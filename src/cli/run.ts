import type { IpcNamespace } from '../contract/index.ts'
import { openNamespace } from '../open/index.ts'
import { checkOperands, flag, parseArguments, splitCommandLine, textOption } from './arguments.ts'
import type { Arguments, Command } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { report } from './failure.ts'
import { findCommand } from './find-command.ts'
import { commandHelp, globalHelp } from './help.ts'
import { Output } from './output.ts'
import { packageVersion } from './package.ts'
import type { Sink } from './sink.ts'

/** What a run of the command may use of its process. */
export interface Surroundings {
  readonly out: Sink
  readonly error: Sink
  readonly stdin: NodeJS.ReadStream
  readonly environment: NodeJS.ProcessEnv
  readonly interrupted: AbortSignal
}

/**
 * Runs one command line.
 *
 * @param argv The words after `msgq`.
 * @returns The exit status. What went wrong was told on standard error; nothing is thrown.
 */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { out, error, environment } = surroundings
  // Also an error in the options themselves is JSON, if that was asked for.
  const end = argv.indexOf('--')
  const isJson = argv.slice(0, end === -1 ? argv.length : end).includes('--json')
  const output = new Output(out, error, { isJson, environment })
  try {
    await perform(argv, output, surroundings)
    return EXIT.done
  } catch (failure) {
    return report(failure, output)
  }
}

async function perform(argv: readonly string[], output: Output, surroundings: Surroundings): Promise<void> {
  const { before, name, after } = splitCommandLine(argv)
  if (name === undefined) {
    const given = parseArguments(undefined, before)
    if (flag(given, 'version')) return output.lines(packageVersion())
    if (flag(given, 'help')) return output.lines(...globalHelp(output.style))
    throw new UsageError('a command is missing', '`msgq --help` lists them; `msgq tour` shows them at work')
  }
  if (name === 'help') return help(after, output)
  const command = findCommand(name)
  const given = parseArguments(command, [...before, ...after])
  if (flag(given, 'version')) return output.lines(packageVersion())
  if (flag(given, 'help')) return output.lines(...commandHelp(command, output.style))
  checkOperands(command, given.operands)
  await withNamespace(command, given, output, surroundings)
}

/** `msgq help` and `msgq help COMMAND`, as git and npm have it. */
async function help([name]: readonly string[], output: Output): Promise<void> {
  const lines = name === undefined ? globalHelp(output.style) : commandHelp(findCommand(name), output.style)
  await output.lines(...lines)
}

async function withNamespace(
  command: Command,
  given: Arguments,
  output: Output,
  { environment, interrupted, stdin }: Surroundings,
): Promise<void> {
  let namespace: IpcNamespace | undefined
  try {
    await command.run(given, {
      output,
      interrupted,
      stdin,
      commands: COMMANDS,
      environment,
      openNamespace: async () => {
        namespace = await openNamed(given, environment, output)
        return namespace
      },
    })
  } finally {
    await namespace?.close()
  }
}

/**
 * The namespace that was named or, where none was, that of this user's own daemon.
 *
 * @throws {UsageError} it is no URL of a namespace. @throws {BackendError} it is out of reach.
 */
async function openNamed(given: Arguments, environment: NodeJS.ProcessEnv, output: Output): Promise<IpcNamespace> {
  const { MSGQ_NAMESPACE } = environment
  const url = textOption(given, 'namespace') ?? MSGQ_NAMESPACE
  if (url === undefined || url === '') {
    const { openOwnNamespace } = await import('./serve/own-daemon.ts')
    return openOwnNamespace(environment, output)
  }
  try {
    return await openNamespace(url)
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, 'for instance: msgq --namespace linux: ls')
    throw error
  }
}
