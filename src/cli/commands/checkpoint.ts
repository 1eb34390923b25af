import { INT_MAX, MSG_INFO } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import type { Checkpoint } from '../../engine/index.ts'
import { Freezer, type Frozen, type Process, processOf, type Whom } from '../../freezer/index.ts'
import { writeImage } from '../../image/index.ts'
import { flag, onlyOneOf, textOption } from '../arguments.ts'
import type { Arguments, Command } from '../command.ts'
import { contentOf, contentWords } from '../content.ts'
import { UsageError } from '../errors.ts'
import { countFrom } from '../numbers.ts'
import { count, listOf } from '../words.ts'

/** `msgq checkpoint DIR` */
export const checkpoint: Command = {
  name: 'checkpoint',
  summary: 'save all queues into a directory; removes none',
  operands: 'DIR',
  // Others are numbers of processes, after --freeze.
  operandCount: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {
    freeze: { type: 'string', value: 'PID...', help: 'stop these processes meanwhile' },
    'freeze-users': {
      type: 'boolean',
      help: 'stop the last sender and receiver of each queue, and all that wait on one',
    },
    'freeze-namespace': { type: 'boolean', help: 'stop every process in the IPC namespace, but msgq' },
  },
  alsoKnownAs: ['save', 'snapshot', 'backup', 'dump', 'export'],
  details: `Copies every queue with its messages, limits, owner and mode into DIR, and removes nothing. The files are
CRIU's own (ipcns-msg-1.img, ipcns-var-1.img) with one of msgq beside them that has what CRIU forgets. DIR is made if
it is not there (mode 0700); an image that msgq wrote there before is replaced, all or nothing. The kernel's queues are
copied until they stood still at one moment; when they never do, nothing is saved (ERR_MSGQ_TORN). Processes that are
stopped go on before anything is written, and also if msgq is killed; one that was stopped before stays so.`,
  examples: [
    { command: 'msgq -n linux: checkpoint saved', does: "the kernel's queues, into ./saved" },
    { command: 'msgq -n linux: checkpoint saved --json', does: 'and how many they were, for a script' },
    { command: 'msgq -n linux: checkpoint saved --freeze-users', does: 'of programs that never pause' },
    { command: 'msgq -n linux: checkpoint saved --freeze 4711 4712', does: 'while these two are stopped' },
    { command: 'msgq -n linux:?pid=4711 checkpoint saved --freeze-namespace', does: 'a container, whole' },
  ],
  async run(given, { output, openNamespace, interrupted }) {
    const [directory = ''] = given.operands
    const whom = whomFrom(given)
    const namespace = await openNamespace()
    let tries = 1
    const take = () => namespace.checkpoint({ signal: interrupted, onRetry: () => tries++ })
    const { result, ...frozen } =
      whom === undefined
        ? { result: await inSight(namespace, take) }
        : await takenFrozen(namespace, whom, take, interrupted)
    // Once it writes, it writes a whole image.
    interrupted.throwIfAborted()
    await writeImage(directory, result)
    const content = contentOf(result)
    if (output.isJson) {
      return output.json({ directory, ...content, tries, ...('stoppedMs' in frozen && { frozen: facts(frozen) }) })
    }
    await output.lines(`saved ${contentWords(content)} in ${directory}; the queues are untouched`)
    if ('stoppedMs' in frozen) await output.lines(...words(frozen))
  },
}

/** @returns `undefined` when nobody is to be stopped. @throws {UsageError} */
function whomFrom(given: Arguments): Whom | undefined {
  onlyOneOf(given, ['freeze', 'freeze-users', 'freeze-namespace'])
  const [, ...others] = given.operands
  const freeze = textOption(given, 'freeze')
  if (freeze !== undefined) return [...freeze.split(','), ...others].map(pidFrom)
  if (others.length > 0) {
    const usage = 'usage: msgq checkpoint DIR [--freeze PID...]'
    throw new UsageError(`checkpoint does not know what to do with ${JSON.stringify(others[0])}`, usage)
  }
  if (flag(given, 'freeze-users')) return 'users'
  return flag(given, 'freeze-namespace') ? 'namespace' : undefined
}

function pidFrom(text: string): number {
  const pid = countFrom('--freeze', text, 1, INT_MAX)
  if (pid === process.pid) throw new UsageError(`process ${pid} is msgq itself`, 'leave it out')
  if (processOf(pid) === undefined) throw new UsageError(`there is no process ${pid} to stop`, 'ps(1) lists them')
  return pid
}

/** While others are stopped nothing is written: the terminal itself may be one of them. */
async function takenFrozen(
  namespace: IpcNamespace,
  whom: Whom,
  take: () => Promise<Checkpoint>,
  interrupted: AbortSignal,
): Promise<Frozen<Checkpoint>> {
  if (!namespace.url.startsWith('linux:')) {
    throw new UsageError(`${namespace.url} is none of the kernel's: nobody is stopped for it`, 'leave --freeze… out')
  }
  await using freezer = await Freezer.open(namespace)
  return await freezer.whileFrozen(whom, take, { signal: interrupted })
}

type WhoAndHow = Omit<Frozen<Checkpoint>, 'result'>

function facts({ processes, cgroups, notStopped, stoppedMs }: WhoAndHow) {
  const named = ({ pid, name }: Process) => ({ pid, name })
  return { processes: processes.map(named), cgroups, notStopped: notStopped.map(named), stoppedMs }
}

function words({ processes, cgroups, notStopped, stoppedMs }: WhoAndHow): string[] {
  const who = processes.length === 1 ? '1 process' : `${processes.length} processes`
  const how = cgroups.length === 0 ? '' : ` (${count(cgroups.length, 'cgroup')} frozen)`
  const names = notStopped.map(({ pid, name }) => `${pid} (${name})`)
  return [
    `stopped ${who}${how} for ${Math.ceil(stoppedMs)} ms; all go on`,
    ...(names.length > 0 ? [`not stopped, and not known to use the queues: ${listOf(names)}`] : []),
  ]
}

/** Before this nobody wonders. */
const PATIENCE_MS = 500
const REFRESH_MS = 200

/** Tells a person at a terminal what takes so long. */
async function inSight<Value>(namespace: IpcNamespace, work: () => Promise<Value>): Promise<Value> {
  const { stderr } = process
  if (!stderr.isTTY) return work()
  const { info } = await namespace.msgctl(0, MSG_INFO)
  // MSG_INFO's own words: pool is the queues in use, map the messages. Source: msgctl(2).
  const what = `copying ${count(info.pool, 'queue')}, ${count(info.map, 'message')}`
  const start = performance.now()
  let shown = ''
  const show = (line: string) => {
    stderr.write(`\r${line.padEnd(shown.length)}${line === '' ? '\r' : ''}`)
    shown = line
  }
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - start
    if (elapsedMs >= PATIENCE_MS) show(`${what} until they stand still: ${Math.floor(elapsedMs / 1_000)} s`)
  }, REFRESH_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    if (shown !== '') show('')
  }
}
