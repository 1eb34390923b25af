import { NAMESPACE_URLS } from '../open/index.ts'
import { GLOBAL_OPTIONS } from './arguments.ts'
import type { Command, Options } from './command.ts'
import { commandGroups } from './command-groups.ts'
import { COMMANDS } from './commands/index.ts'
import type { Style } from './output.ts'
import { wrapped } from './words.ts'

const LINE_COLUMNS = 80
/** `linux:?pid=N` and a space. */
const URL_COLUMNS = 13

/** The help of `msgq` itself: one screen of 80 by 24. */
export function globalHelp(style: Style): string[] {
  return [
    'msgq: System V message queues that you can look into, checkpoint and restore',
    `${style.bold('usage:')} msgq [--namespace URL] COMMAND …  (or: export MSGQ_NAMESPACE=linux:)`,
    ...commandGroups(COMMANDS).map(([names, does]) => `  ${style.bold(names.padEnd(22))}${does}`),
    style.bold('options, before or after the command:'),
    ...optionLines(GLOBAL_OPTIONS, style),
    style.bold('namespaces:'),
    ...NAMESPACE_URLS.split('\n').map((line) => line.replace(/^(\S+) +/, (_, url: string) => url.padEnd(URL_COLUMNS))),
  ]
}

/** The help of one command: usage, what it does, options, examples. */
export function commandHelp(command: Command, style: Style): string[] {
  const { name, operands, summary, details, options, examples } = command
  const own = Object.keys(options).length === 0 ? [] : [style.bold('options:'), ...optionLines(options, style), '']
  const usage = `msgq ${command.needsNamespace === false ? '' : '[--namespace URL] '}${name} ${operands}`.trimEnd()
  return [
    `${style.bold(`msgq ${name}`)}: ${summary}`,
    '',
    `${style.bold('usage:')} ${usage}`,
    '',
    ...wrapped(details.replaceAll('\n', ' '), LINE_COLUMNS),
    '',
    ...own,
    style.bold('examples:'),
    ...examples.flatMap(({ command: line, does }) => [`  ${line}`, style.dim(`      ${does}`)]),
    '',
    'also: -n, --namespace URL; --json; --help. A queue is named by its id (3) or key',
    '(0x4d5347, key:5067591, ftok:PATH:PROJ). `memory:` is empty at each start.',
  ]
}

function optionLines(options: Options, style: Style): string[] {
  const names = Object.entries(options).map(([name, { short, value }]) => {
    const long = value === undefined ? `--${name}` : `--${name} ${value}`
    return `  ${short === undefined ? '    ' : `-${short}, `}${long}`
  })
  const width = Math.max(...names.map((name) => name.length)) + 2
  return Object.values(options).flatMap(({ help }, index) =>
    wrapped(help, LINE_COLUMNS - width).map((words, line) =>
      line === 0 ? `${style.bold((names[index] ?? '').padEnd(width))}${words}` : `${' '.repeat(width)}${words}`,
    ),
  )
}
