import { type ParseArgsConfig, parseArgs } from 'node:util'

/** The exit status where the command line is wrong, and nothing was run. */
const WRONG_USAGE = 2

export const FLAG = { type: 'boolean', default: false } as const
export const TEXT = { type: 'string' } as const

/**
 * Reads the command line of one of this repository's own commands. `--help` prints `help` and ends the process; what is
 * wrong ends it too, with 2.
 *
 * @param help Begins with the command.
 * @param config As for `parseArgs`: the options but `--help`, and whether there may be words beside.
 * @param read Makes what is wanted of them; what it throws is what is wrong.
 */
export function readCommandLine<const Config extends ParseArgsConfig, Wanted>(
  help: string,
  config: Config,
  read: (values: ReturnType<typeof parseArgs<Config>>['values'], words: readonly string[]) => Wanted,
): Wanted {
  if (process.argv.includes('--help')) {
    console.log(help)
    process.exit()
  }
  try {
    const { values, positionals } = parseArgs(config)
    return read(values, positionals)
  } catch (error) {
    const { message, code } = error as Error & { readonly code?: unknown }
    const [command] = /^npm (run )?\w+/.exec(help) ?? []
    // Node goes on about words that look like an option, over lines.
    const what = typeof code === 'string' ? message.replace(/\.\s.*/s, '') : message
    console.error(`${command}: ${what}; ${command} -- --help tells what it takes`)
    process.exit(WRONG_USAGE)
  }
}

/** @throws {RangeError} */
export function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new RangeError(`--${name} is a whole number, 0 or more, not ${text}`)
}

/** @throws {RangeError} */
export function positiveNumber(name: string, text: string): number {
  const number = Number(text)
  if (Number.isFinite(number) && number > 0) return number
  throw new RangeError(`--${name} is a number above 0, not ${text}`)
}
