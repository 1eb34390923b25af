import type { Command } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { UsageError } from './errors.ts'
import { nearest } from './nearest.ts'

/** The command of a name. @throws {UsageError} there is none: the error says which was probably meant. */
export function findCommand(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name)
  if (command !== undefined) return command
  const meant = commandMeant(name)
  const hint = meant === undefined ? '`msgq --help` lists the commands' : `did you mean \`msgq ${meant}\`?`
  throw new UsageError(`there is no command ${JSON.stringify(name)}`, hint)
}

/** What other programs call a command is found before a slip of the finger. */
function commandMeant(name: string): string | undefined {
  const lowerCase = name.toLowerCase()
  const other = COMMANDS.find(({ alsoKnownAs }) => alsoKnownAs?.includes(lowerCase))
  return (
    other?.name ??
    nearest(
      lowerCase,
      COMMANDS.map((each) => each.name),
    )
  )
}
