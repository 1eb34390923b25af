import type { IpcNamespace } from '../contract/index.ts'
import type { Output } from './output.ts'

/** A word that may stand somewhere, and a few words about it. */
export interface Candidate {
  readonly word: string
  readonly does: string
}

/** One option of a command. A string option takes a value, which help calls `value`. */
export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly value?: string
  /** What the value may be, where that is one of a few words. */
  readonly words?: readonly Candidate[]
  readonly help: string
}

export type Options = Readonly<Record<string, Option>>

/** A command line to show, and what it does. */
export interface Example {
  readonly command: string
  readonly does: string
}

/** What the user wrote, once parsed: operands in order, options by name. */
export interface Arguments {
  readonly operands: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | undefined>>
}

/** What a command may use of the world. */
export interface CommandContext {
  readonly output: Output
  /** Aborted by SIGINT and SIGTERM; its reason ends the command. */
  readonly interrupted: AbortSignal
  readonly stdin: NodeJS.ReadStream
  /** The namespace that the user named. It is closed when the command has ended. */
  openNamespace(): Promise<IpcNamespace>
  /** The environment of the process. */
  readonly environment: NodeJS.ProcessEnv
  /** Every command, for the one that completes them. */
  readonly commands: readonly Command[]
}

/** One command of `msgq`. */
export interface Command {
  readonly name: string
  /** A few words for the list of commands. */
  readonly summary: string
  /** As usage shows them: `QUEUE [TEXT]`. */
  readonly operands: string
  /** How many operands there may be. */
  readonly operandCount: { readonly least: number; readonly most: number }
  /** What the first operand may be, where that is one of a few words. */
  readonly firstOperands?: readonly Candidate[]
  readonly options: Options
  /** `false` where there is nothing to ask a namespace for. */
  readonly needsNamespace?: false
  /** Paragraphs for the command's own help. */
  readonly details: string
  readonly examples: readonly Example[]
  /** What people may call it instead. */
  readonly alsoKnownAs?: readonly string[]
  /** Does it. @throws whatever went wrong: `failure.ts` turns it into words and an exit status. */
  run(given: Arguments, context: CommandContext): Promise<void>
}
