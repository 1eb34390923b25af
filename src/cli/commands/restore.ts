import { formatKey } from '../../contract/index.ts'
import { readImage } from '../../image/index.ts'
import {
  type Placement,
  planRestore,
  type RestoreChoice,
  type RestorePlan,
  restoreQueues,
  type StandingQueue,
} from '../../transfer/index.ts'
import { flag, onlyOneOf, option, textOption } from '../arguments.ts'
import type { Arguments, Command } from '../command.ts'
import { contentWords } from '../content.ts'
import { UsageError } from '../errors.ts'
import { instantFrom } from '../instant.ts'
import { lostLines, notRestoredOf } from '../lost.ts'
import type { Output } from '../output.ts'
import { checkpointAt } from '../past.ts'
import { queueNameFrom } from '../queue-name.ts'
import { tableLines } from '../table.ts'
import { count, listOf } from '../words.ts'

/** `msgq restore DIR` */
export const restore: Command = {
  name: 'restore',
  summary: 'bring the queues of a directory back',
  operands: '[DIR]',
  operandCount: { least: 0, most: Number.POSITIVE_INFINITY },
  options: {
    at: { type: 'string', value: 'TIME', help: 'instead of DIR: as it was then, as far back as a daemon holds it' },
    only: { type: 'string', value: 'QUEUE...', help: 'only these queues of the image, by id or key' },
    replace: { type: 'boolean', help: 'remove what is in the way; programs that wait there get EIDRM' },
    append: { type: 'boolean', help: 'send the messages to the queue that stands; it keeps its limits' },
    'as-new': { type: 'boolean', help: 'give the queues fresh ids, and print a table of old and new' },
    'dry-run': { type: 'boolean', help: 'say what would happen, and change nothing' },
  },
  alsoKnownAs: ['load', 'import'],
  details: `Brings back all queues of an image, or none: the same ids, keys, modes, owners, limits, order and content. An id
or key that is in use is an error (EEXIST), and nothing is restored, unless --replace, --append or --as-new says
otherwise; a key that is in use is an error with --as-new too. A restore that fails takes back what it made, and puts
back what it replaced. What could not be brought back, or was not in the image, is listed with the reason. Into
\`linux:\` it needs root's rights in that IPC namespace. Calls that were waiting are not restored: their programs will
call again. --at takes the queues from the past of the daemon that they are restored into (msgq serve --retain); a TIME
is 2026-11-24T13:00:05, 13:00 for today, -10min, or @ and seconds since 1970.`,
  examples: [
    { command: 'msgq -n linux: restore saved', does: 'what `checkpoint saved` saved' },
    { command: 'msgq -n linux: restore saved --replace --dry-run', does: 'what would be removed for it' },
    { command: 'msgq -n linux: restore saved --only 3 0x4d5347 --append', does: 'two queues; their messages join' },
    { command: 'msgq -n linux: restore dump', does: "CRIU's own dump works as well" },
    { command: 'msgq restore --at 13:00 --only 0x4d5347 --replace', does: 'a queue as it was at one o’clock' },
    { command: 'msgq -n memory: restore saved', does: 'only try whether it is whole: the queues end with msgq' },
  ],
  async run(given, { output, openNamespace, interrupted }) {
    const at = option(given, 'at', instantFrom)
    const choice = choiceFrom(given, at !== undefined)
    const [operand = ''] = given.operands
    // What cannot be read is told before a namespace is opened.
    const saved = at === undefined ? await readImage(operand) : undefined
    const namespace = await openNamespace()
    const image = saved ?? { checkpoint: await checkpointAt(namespace, at ?? 0), missing: [] }
    const directory = at === undefined ? operand : `${namespace.url} at ${new Date(at).toISOString()}`
    interrupted.throwIfAborted()
    if (flag(given, 'dry-run'))
      return tellPlan(await planRestore(namespace, image.checkpoint, choice), directory, output)
    const report = await restoreQueues(namespace, image.checkpoint, choice)
    const { restored, appended, replaced } = report
    const lost = notRestoredOf(image.missing, report.notRestored)
    const msqids = restored.flatMap(({ to }) => to ?? [])
    if (output.isJson) {
      const chosen = isPlain(choice) ? {} : { restored, appended, replaced }
      return output.json({ directory, ...sumOf(restored), msqids, ...chosen, notRestored: lost })
    }
    const ids = msqids.length === 0 ? '' : `: ${msqids.length === 1 ? 'id' : 'ids'} ${listOf(msqids)}`
    await output.lines(
      ...restoredLines(report, `restored ${contentWords(sumOf(restored))} from ${directory}${ids}`),
      ...(choice.asNew === true ? idLines(restored, output) : []),
      ...appended.map((each) => `appended ${appendWords(each)}`),
      ...replaced.map((each) => `removed ${standingWords(each)}`),
      ...lostLines(lost, output.style),
    )
    if (namespace.url === 'memory:') await output.note('memory: ends with this command, and these queues with it')
  },
}

/** @throws {UsageError} */
function choiceFrom(given: Arguments, isOfPast: boolean): RestoreChoice {
  onlyOneOf(given, ['replace', 'append'])
  const only = textOption(given, 'only')
  const [directory, ...rest] = given.operands
  // After --only stand queues, and none of them is a directory where there is none.
  const others = isOfPast && directory !== undefined ? [directory, ...rest] : rest
  if (!isOfPast && directory === undefined) throw new UsageError('restore needs more: DIR', 'usage: msgq restore DIR')
  if (isOfPast && only === undefined && directory !== undefined) {
    throw new UsageError(`--at and ${directory} exclude each other`, 'leave one out')
  }
  if (only === undefined && others.length > 0) {
    const hint = `one directory is restored; to restore some of its queues: --only ${others.join(' ')}`
    throw new UsageError(`restore does not know what to do with ${JSON.stringify(others[0])}`, hint)
  }
  const standing = flag(given, 'replace') ? 'replace' : flag(given, 'append') ? 'append' : 'refuse'
  const names = only === undefined ? undefined : [...only.split(','), ...others].map(queueNameFrom)
  return { standing, asNew: flag(given, 'as-new'), ...(names !== undefined && { only: names }) }
}

/** Nothing was chosen: every queue comes back as it was, or none. */
function isPlain({ only, standing, asNew }: RestoreChoice): boolean {
  return only === undefined && standing === 'refuse' && asNew !== true
}

/** What would happen; what is in the way is an error here as well, after everything was told. */
async function tellPlan(plan: RestorePlan, directory: string, output: Output): Promise<void> {
  const { restored, appended, replaced, conflicts } = plan
  const problems = conflicts.map(({ code, message, msqid, key }) => ({ code, message, msqid, key }))
  if (output.isJson) {
    await output.json({
      dryRun: true,
      directory,
      ...sumOf(restored),
      restored,
      appended,
      replaced,
      conflicts: problems,
    })
  } else {
    await output.lines(
      ...restoredLines(plan, `would restore ${contentWords(sumOf(restored))} from ${directory}${asNewWords(restored)}`),
      ...restored.map((each) => `  ${imageWords(each)}`),
      ...appended.map((each) => `would append ${appendWords(each)}`),
      ...replaced.map((each) => `would remove ${standingWords(each)}`),
      ...conflicts.slice(1).map(({ message }) => `would fail: ${message}`),
    )
  }
  const [conflict] = conflicts
  if (conflict !== undefined) throw conflict
}

/** An image without queues is restored too; one whose queues were all appended is not. */
function restoredLines({ restored, appended }: Pick<RestorePlan, 'restored' | 'appended'>, line: string): string[] {
  return restored.length === 0 && appended.length > 0 ? [] : [line]
}

function sumOf(placements: readonly Placement[]) {
  const sum = (of: (each: Placement) => number) => placements.reduce((total, each) => total + of(each), 0)
  return { queues: placements.length, messages: sum(({ messages }) => messages), bytes: sum(({ bytes }) => bytes) }
}

function idLines(restored: readonly Placement[], output: Output): string[] {
  const columns = ['old id', 'new id', 'key', 'messages'].map((heading) => ({ heading, align: 'left' as const }))
  const rows = restored.map(({ from, to = 0, key, messages }) => [from, to, formatKey(key), messages].map(String))
  return rows.length === 0 ? [] : tableLines(columns, rows, output.style)
}

function asNewWords([first]: readonly Placement[]): string {
  return first !== undefined && first.to === undefined ? ', with fresh ids' : ''
}

function imageWords({ from, key, messages, bytes }: Placement): string {
  return `queue ${from}, key ${formatKey(key)}, ${count(messages, 'message')}, ${count(bytes, 'byte')}`
}

function appendWords({ from, to, messages, bytes }: Placement): string {
  return `${count(messages, 'message')}, ${count(bytes, 'byte')}, to queue ${to} (queue ${from} of the image)`
}

function standingWords({ msqid, key, messages, bytes }: StandingQueue): string {
  return `queue ${msqid}, key ${formatKey(key)}, ${count(messages, 'message')}, ${count(bytes, 'byte')}`
}
