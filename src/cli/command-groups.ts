import type { Command } from './command.ts'

/** Commands that share a line of the help, which must fit one screen, and what they do together. */
const GROUPS: readonly (readonly [names: readonly string[], does: string])[] = [
  [['ls', 'stat', 'top'], 'list queues with depth and limit; all about one; live'],
  [['create', 'rm', 'set'], 'make a queue; remove it; change owner, mode or qbytes'],
  [['send', 'receive'], 'send messages; take them, waiting for one'],
  [['copy', 'watch', 'inspect'], 'read messages, taking none (peek); new ones; see all'],
  [['run', 'serve', 'log'], 'run old programs on them; serve lasting ones; history'],
  [['image', 'cluster'], 'show, compare, convert saved queues; see replicas'],
  [['mv', 'cp', 'bridge'], 'move messages, or send copies, to a queue anywhere'],
  [['checkpoint', 'restore'], 'save all queues, removing none; bring them back'],
  [['limits', 'metrics'], 'show or set msgmax, msgmnb, msgmni; all for Prometheus'],
  [['tour', 'completion'], 'see all that at work; have Tab complete commands and ids'],
  [['doctor', 'conformance'], 'can this machine do it all? does a namespace behave?'],
]

/** The lines of the help: names, with operands where a line has one command alone, and what they do. */
export function commandGroups(commands: readonly Command[]): (readonly [names: string, does: string])[] {
  const lines = new Map<string, readonly [names: string, does: string]>()
  for (const { name, operands, summary } of commands) {
    const [names, does] = GROUPS.find(([members]) => members.includes(name)) ?? []
    const there = names?.filter((member) => commands.some((each) => each.name === member)) ?? []
    if (there.length > 1) lines.set(there.join(), [there.join(', '), does ?? summary])
    else lines.set(name, [`${name} ${operands}`.trimEnd(), summary])
  }
  return [...lines.values()]
}
