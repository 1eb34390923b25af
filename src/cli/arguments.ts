import { parseArgs } from 'node:util'
import type { Arguments, Command, Options } from './command.ts'
import { UsageError } from './errors.ts'
import { nearest } from './nearest.ts'

/** Options of every command; they may stand before its name too. */
export const GLOBAL_OPTIONS: Options = {
  namespace: { type: 'string', short: 'n', value: 'URL', help: 'the namespace to use; if not given: your own daemon' },
  json: { type: 'boolean', help: 'print JSON, with real numbers; errors too' },
  help: { type: 'boolean', short: 'h', help: 'this help; with a command: its own, with examples' },
  version: { type: 'boolean', help: "print msgq's version" },
}

/** A command line, cut at its command's name. */
export interface CommandLine {
  /** What stands before the name: global options. */
  readonly before: readonly string[]
  readonly name: string | undefined
  readonly after: readonly string[]
}

/** Finds the command's name: the first word that is no option, nor an option's value. */
export function splitCommandLine(argv: readonly string[]): CommandLine {
  let position = 0
  while (position < argv.length && argv[position]?.startsWith('-')) {
    position += argv[position] === '--namespace' || argv[position] === '-n' ? 2 : 1
  }
  return { before: argv.slice(0, position), name: argv[position], after: argv.slice(position + 1) }
}

/** Reads options and operands. @throws {UsageError} an option that is unknown, lacks its value, or has two. */
export function parseArguments(command: Command | undefined, words: readonly string[]): Arguments {
  const options = { ...GLOBAL_OPTIONS, ...command?.options }
  const seeHelp = command === undefined ? '`msgq --help` lists them' : `\`msgq ${command.name} --help\` lists them`
  const { tokens, values, positionals } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type, short }]) => [name, optional({ type }, short)]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const valued = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (option === undefined) {
      const isBehindOperand = tokens.some((other) => other.kind === 'positional' && other.index < token.index)
      const hint = `${unknownOptionHint(token.name, options, command, isBehindOperand)}${seeHelp}`
      throw new UsageError(`there is no option ${token.rawName}`, hint)
    }
    if (option.type === 'boolean' && token.value !== undefined) {
      throw new UsageError(`${token.rawName} takes no value`, `write ${token.rawName} alone`)
    }
    if (option.type === 'boolean') continue
    const value = option.value ?? 'VALUE'
    mustHaveValue(token, value)
    // parseArgs keeps the last of them, and would drop the others silently.
    if (valued.has(token.name)) {
      throw new UsageError(`--${token.name} is given more than once`, `write it once: --${token.name} ${value}`)
    }
    valued.add(token.name)
  }
  return { operands: positionals, options: values as Arguments['options'] }
}

function unknownOptionHint(
  name: string,
  options: object,
  command: Command | undefined,
  isBehindOperand: boolean,
): string {
  if (command?.operands.startsWith('-- ') && isBehindOperand) {
    return `is it the program's? Write msgq ${command.name} ${command.operands}. `
  }
  const like = nearest(name, Object.keys(options))
  return like === undefined ? '' : `did you mean --${like}? `
}

/** @throws {UsageError} too few or too many operands for a command. */
export function checkOperands(command: Command, operands: readonly string[]): void {
  const { least, most } = command.operandCount
  const usage = `usage: msgq ${command.name} ${command.operands}`.trimEnd()
  if (operands.length < least) throw new UsageError(`${command.name} needs more: ${command.operands}`, usage)
  if (operands.length > most) {
    const extra = operands[most] ?? ''
    throw new UsageError(`${command.name} does not know what to do with ${JSON.stringify(extra)}`, usage)
  }
}

/** The text of an option, where it was given. */
export function textOption({ options }: Arguments, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** Whether an option without a value was given. */
export function flag({ options }: Arguments, name: string): boolean {
  return options[name] === true
}

/** The value of an option, where it was given, as `read` reads it: `read('--type', '7')`. */
export function option<Value>(
  given: Arguments,
  name: string,
  read: (name: string, text: string) => Value,
): Value | undefined {
  const text = textOption(given, name)
  return text === undefined ? undefined : read(`--${name}`, text)
}

/** @throws {UsageError} more than one of these options was given. */
export function onlyOneOf(given: Arguments, names: readonly string[]): void {
  const both = names.filter((name) => given.options[name] !== undefined)
  if (both.length < 2) return
  const written = both.map((name) => `--${name}`).join(' and ')
  throw new UsageError(`${written} exclude each other`, 'leave one out')
}

function mustHaveValue(
  token: { rawName: string; value?: string | undefined; inlineValue?: boolean | undefined },
  value: string,
): void {
  const { rawName, inlineValue } = token
  if (token.value === undefined || (!inlineValue && looksLikeOption(token.value))) {
    throw new UsageError(`${rawName} needs a value`, `write ${rawName} ${value}`)
  }
}

/** `-5` is a number, not an option: its range has an error of its own. */
function looksLikeOption(value: string): boolean {
  return /^-(?!\d)./.test(value)
}

function optional(option: { type: 'string' | 'boolean' }, short: string | undefined) {
  return short === undefined ? option : { ...option, short }
}
