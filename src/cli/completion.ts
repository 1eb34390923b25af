import { NAMESPACE_URLS } from '../open/index.ts'
import { GLOBAL_OPTIONS } from './arguments.ts'
import type { Candidate, Command, Option } from './command.ts'

/** What may stand at a place of a command line. */
export interface Wanted {
  /** All that begin with what was typed are offered. */
  readonly candidates: readonly Candidate[]
  /** The URL of the namespace whose queues fit too. */
  readonly queuesOf?: string
  /** Any file fits. */
  readonly files?: true
  /** What stands before each of these in the same word: `--namespace=`. */
  readonly before?: string
}

/** It is no command of its own: `msgq help COMMAND` is `msgq COMMAND --help`. */
const HELP: Candidate = { word: 'help', does: 'help, also of one command' }
const NOTHING: Wanted = { candidates: [] }
const FILES: Wanted = { candidates: [], files: true }
/** Values and operands that are paths, as help names them. */
const PATHS = ['DIR', 'PATH', 'FILE', 'IMAGE', 'FROM', 'TO', 'CMD']

/**
 * Finds what fits at the last word of a command line.
 *
 * @param words The words after `msgq`; the last is what was typed of the one in question, and may be empty.
 * @param defaultUrl The namespace where the words name none: MSGQ_NAMESPACE.
 */
export function wantedAt(
  words: readonly string[],
  commands: readonly Command[],
  defaultUrl: string | undefined,
): Wanted {
  const line = lineOf(words.slice(0, -1), commands)
  const typed = words.at(-1) ?? ''
  const url = line.url ?? defaultUrl
  if (line.valueOf !== undefined) return byOption(line.valueOf, url)
  if (typed.startsWith('-') && !line.areOptionsOver) {
    const [, name, written] = /^--([^=]+)=(.*)$/s.exec(typed) ?? []
    const option = name === undefined ? undefined : optionsOf(line.command)[name]
    if (written === undefined) return { candidates: optionCandidates(line.command) }
    return option?.value === undefined ? NOTHING : { ...byOption(option, url), before: `--${name}=` }
  }
  if (line.command !== undefined) return byOperand(line.command, line.operands, url)
  if (line.operands.length === 0) return { candidates: [...commandCandidates(commands), HELP] }
  return line.operands.join() === HELP.word ? { candidates: commandCandidates(commands) } : NOTHING
}

/** What the words before the one in question say. */
interface Line {
  readonly command: Command | undefined
  /** Those after the command's name; the name itself where there is no such command. */
  readonly operands: readonly string[]
  readonly url: string | undefined
  /** The option whose value is in question. */
  readonly valueOf: Option | undefined
  readonly areOptionsOver: boolean
}

function lineOf(words: readonly string[], commands: readonly Command[]): Line {
  let command: Command | undefined
  let url: string | undefined
  let pending: readonly [name: string, option: Option] | undefined
  let areOptionsOver = false
  const operands: string[] = []
  for (const word of words) {
    if (pending !== undefined) {
      if (pending[0] === 'namespace') url = word
      pending = undefined
    } else if (word === '--') areOptionsOver = true
    else if (word.startsWith('-') && word !== '-' && !areOptionsOver) {
      const { name, option, value } = optionIn(word, command)
      if (option?.type === 'string' && value === undefined) pending = [name, option]
      if (name === 'namespace') url = value
    } else if (command === undefined && operands.length === 0) {
      command = commands.find((each) => each.name === word)
      if (command === undefined) operands.push(word)
    } else operands.push(word)
  }
  return { command, operands, url, valueOf: pending?.[1], areOptionsOver }
}

/** `--type`, `--type=7`, `-t` and `-t7` are one option. */
function optionIn(word: string, command: Command | undefined): { name: string; option?: Option; value?: string } {
  const options = optionsOf(command)
  const [, long, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? []
  const name = long ?? Object.keys(options).find((each) => options[each]?.short === word[1]) ?? ''
  const option = options[name]
  const inline = long === undefined && word.length > 2 ? word.slice(2) : value
  return { name, ...(option !== undefined && { option }), ...(inline !== undefined && { value: inline }) }
}

function optionsOf(command: Command | undefined): Readonly<Record<string, Option | undefined>> {
  return { ...GLOBAL_OPTIONS, ...command?.options }
}

function optionCandidates(command: Command | undefined): Candidate[] {
  return Object.entries({ ...command?.options, ...GLOBAL_OPTIONS }).flatMap(([name, { short, help }]) => [
    { word: `--${name}`, does: help },
    ...(short === undefined ? [] : [{ word: `-${short}`, does: help }]),
  ])
}

function commandCandidates(commands: readonly Command[]): Candidate[] {
  return commands.map(({ name, summary }) => ({ word: name, does: summary }))
}

function byOperand(command: Command, operands: readonly string[], url: string | undefined): Wanted {
  const { firstOperands, operandCount } = command
  if (operands.length >= operandCount.most) return NOTHING
  if (operands.length === 0 && firstOperands !== undefined) return { candidates: firstOperands }
  const places = command.operands.split(' ').map((place) => place.replace(/[[\]]/g, ''))
  if (places.includes('URL') && places.includes('QUEUE')) {
    const last = operands.at(-1)
    if (last !== undefined && isUrl(last)) return byValue('QUEUE', last)
    return { ...byValue('QUEUE', url), candidates: urlCandidates() }
  }
  const lastPlace = places.at(-1) ?? ''
  return byValue(places[operands.length] ?? (lastPlace.endsWith('...') ? lastPlace : ''), url)
}

/** What fits for the value of an option. */
function byOption({ words, value = '' }: Option, url: string | undefined): Wanted {
  return words === undefined ? byValue(value, url) : { candidates: words }
}

/** What fits for a value or an operand of this name. */
function byValue(value: string, url: string | undefined): Wanted {
  const name = value.replace(/\.\.\.$/, '')
  if (name === 'URL') return { candidates: urlCandidates() }
  if (name === 'QUEUE') return url === undefined || url === '' ? NOTHING : { candidates: [], queuesOf: url }
  return PATHS.includes(name) ? FILES : NOTHING
}

/** `linux:?pid=N` is offered as far as it is the same for everyone. */
function urlCandidates(): Candidate[] {
  return NAMESPACE_URLS.split('\n').flatMap((line) => {
    const [, word, does] = /^([a-z]+:(?:\/\/|\?\w+=)?)\S*\s+(.+)$/.exec(line) ?? []
    return word === undefined || does === undefined ? [] : [{ word, does }]
  })
}

function isUrl(word: string): boolean {
  return urlCandidates().some((url) => word.startsWith(url.word))
}
