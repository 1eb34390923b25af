import { createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { textOption } from './arguments.ts'
import type { Arguments, CommandContext } from './command.ts'
import { UsageError } from './errors.ts'

/** Where a command reads from. */
export interface Input {
  /** As errors name it: `standard input`, or the file's path. */
  readonly name: string
  readonly stream: Readable
  /** Absent where it is not known before the end: a pipe, a terminal. */
  readonly sizeBytes?: number
  readonly isTerminal: boolean
}

/**
 * What `--file PATH` names, or standard input, also for `-`. An interrupt ends its reading.
 *
 * @throws {UsageError} it is a directory. @throws the system error of a file that cannot be opened, at once or as it is read.
 */
export function inputFrom(given: Arguments, { stdin }: Pick<CommandContext, 'stdin'>): Input {
  const path = textOption(given, 'file') ?? '-'
  if (path === '-') return { name: 'standard input', stream: stdin, isTerminal: stdin.isTTY === true }
  const stat = statSync(path)
  if (stat.isDirectory()) throw new UsageError(`${path} is a directory`, 'name a file, or - for standard input')
  const size = stat.isFile() ? { sizeBytes: stat.size } : {}
  return { name: path, stream: createReadStream(path), isTerminal: false, ...size }
}

/** Reads while nobody interrupts. @throws the reason of `interrupted`; what `read` throws. */
export async function whileReading<Value>(
  { stream }: Input,
  interrupted: AbortSignal,
  read: () => Promise<Value>,
): Promise<Value> {
  const stop = () => stream.destroy()
  interrupted.addEventListener('abort', stop, { once: true })
  try {
    return await read()
  } catch (error) {
    interrupted.throwIfAborted()
    throw error
  } finally {
    interrupted.removeEventListener('abort', stop)
    stream.destroy()
  }
}
