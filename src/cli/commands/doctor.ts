import { textOption } from '../arguments.ts'
import type { Arguments, Command } from '../command.ts'
import type { Finding } from '../doctor/finding.ts'
import { programFindings } from '../doctor/program.ts'
import { queueFindings } from '../doctor/queues.ts'
import { rightFindings } from '../doctor/rights.ts'
import { toolFindings } from '../doctor/tools.ts'
import { QuietEnd, UsageError } from '../errors.ts'
import { EXIT } from '../exit-code.ts'
import type { Output } from '../output.ts'
import { count, wrapped } from '../words.ts'

const LINE_COLUMNS = 80

/** `msgq doctor` */
export const doctor: Command = {
  name: 'doctor',
  summary: 'can this machine do it all? what is missing, and what to do',
  operands: '[URL]',
  operandCount: { least: 0, most: 1 },
  options: {
    monitor: { type: 'string', value: 'URL,...', help: 'nats: where servers answer monitors: http://HOST:8222' },
  },
  needsNamespace: false,
  alsoKnownAs: ['diagnose', 'info', 'support', 'env'],
  details: `Looks at this machine and this user: Node, the kernel and its queues, MSG_COPY, limits, rights, msg_next_id, the
freezer, the spool, what \`msgq run\` needs, and NATS's client. A line each: ok, limited (something does not work, or not for this user) or missing
(\`linux:\` cannot be used at all), and what to do about it. Changes nothing and makes no queue. Exits with 1 when
\`linux:\` cannot be used. It tells of the IPC namespace that it runs in: start it where the programs are.

With nats://HOST/NAME it looks at that namespace instead: the servers' version, how many keep it, whether they flush
before they answer (which they tell to --monitor alone), whether clocks agree, nodes that are silent, the last image;
and says what each gap may cost. Exits with 1 when it is out of reach.`,
  examples: [
    { command: 'msgq doctor', does: 'what works here, for you' },
    { command: 'sudo msgq doctor', does: 'and for root' },
    { command: 'msgq doctor nats://10.0.0.1/orders --monitor http://10.0.0.1:8222', does: 'a namespace of machines' },
    { command: 'msgq doctor --json | jq \'.findings[] | select(.status != "ok")\'', does: 'only what does not' },
  ],
  async run(given, { output }) {
    const [url] = given.operands
    const findings = await (url === undefined ? examine(given) : examineCluster(url, given))
    const isUsable = findings.every(({ status }) => status !== 'missing')
    if (output.isJson)
      await output.json({ ...(url === undefined ? { linux: isUsable } : { usable: isUsable }), findings })
    else {
      const end = url === undefined ? verdict(findings) : clusterVerdict(findings)
      await output.lines(...findings.flatMap((finding) => lines(finding, findings, output)), end)
    }
    if (!isUsable) throw new QuietEnd(EXIT.refused)
  },
}

/** What this machine has; the kernel's calls are asked for where they can be made. */
async function examine(given: Arguments): Promise<Finding[]> {
  if (textOption(given, 'monitor') !== undefined) {
    throw new UsageError(
      '--monitor is for a namespace on NATS',
      'for instance: msgq doctor nats://HOST/NAME --monitor …',
    )
  }
  const program = programFindings()
  if (program.some(({ status }) => status === 'missing')) return program
  // Loaded for this alone: every command would start slower.
  const [{ runFinding }, { natsFinding }] = await Promise.all([import('../doctor/run.ts'), import('../doctor/nats.ts')])
  return [...program, ...(await queueFindings()), ...rightFindings(), ...toolFindings(), runFinding(), natsFinding()]
}

async function examineCluster(url: string, given: Arguments): Promise<Finding[]> {
  if (!url.startsWith('nats:')) {
    throw new UsageError(`the doctor looks at this machine, or at nats://HOST/NAME, not at ${url}`, 'leave it out')
  }
  const monitors = textOption(given, 'monitor')?.split(',') ?? []
  const wrong = monitors.find((monitor) => !URL.canParse(monitor))
  if (wrong !== undefined) throw new UsageError(`--monitor ${wrong} is no URL`, 'for instance: http://10.0.0.1:8222')
  const { clusterFindings } = await import('../doctor/cluster.ts')
  try {
    return await clusterFindings(url, monitors)
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, 'for instance: nats://127.0.0.1/orders')
    throw error
  }
}

function lines({ name, status, found, advice }: Finding, all: readonly Finding[], { style }: Output): string[] {
  const width = Math.max(...all.map((finding) => finding.name.length))
  const word = status.padEnd('limited'.length)
  const start = `${word}  ${name.padEnd(width)}  `
  const [first = '', ...rest] = [found, ...(advice === undefined ? [] : [advice])].flatMap((words) =>
    wrapped(words, LINE_COLUMNS - start.length),
  )
  const shown = status === 'ok' ? word : style.red(word)
  return [
    `${shown}  ${style.bold(name.padEnd(width))}  ${first}`,
    ...rest.map((line) => ' '.repeat(start.length) + line),
  ]
}

function verdict(findings: readonly Finding[]): string {
  if (findings.some(({ status }) => status === 'missing')) return '`linux:` cannot be used here; `memory:` can'
  const { length } = findings.filter(({ status }) => status === 'limited')
  return length === 0
    ? '`linux:` can be used, with all that msgq does'
    : `\`linux:\` can be used; ${count(length, 'thing')} limited`
}

function clusterVerdict(findings: readonly Finding[]): string {
  if (findings.some(({ status }) => status === 'missing')) return 'the namespace cannot be used now'
  const { length } = findings.filter(({ status }) => status === 'limited')
  return length === 0
    ? 'the namespace can be used, and nothing is missing'
    : `the namespace can be used; ${count(length, 'thing')} limited`
}
