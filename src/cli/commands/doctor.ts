import type { Command } from '../command.ts'
import type { Finding } from '../doctor/finding.ts'
import { programFindings } from '../doctor/program.ts'
import { queueFindings } from '../doctor/queues.ts'
import { rightFindings } from '../doctor/rights.ts'
import { runFinding } from '../doctor/run.ts'
import { toolFindings } from '../doctor/tools.ts'
import { QuietEnd } from '../errors.ts'
import { EXIT } from '../exit-code.ts'
import type { Output } from '../output.ts'
import { count, wrapped } from '../words.ts'

const LINE_COLUMNS = 80

/** `msgq doctor` */
export const doctor: Command = {
  name: 'doctor',
  summary: 'can this machine do it all? what is missing, and what to do',
  operands: '',
  operandCount: { least: 0, most: 0 },
  options: {},
  needsNamespace: false,
  alsoKnownAs: ['diagnose', 'info', 'support', 'env'],
  details: `Looks at this machine and this user: Node, the kernel and its queues, MSG_COPY, limits, rights, msg_next_id, the
freezer, the spool, and what \`msgq run\` needs. A line each: ok, limited (something does not work, or not for this user) or missing
(\`linux:\` cannot be used at all), and what to do about it. Changes nothing and makes no queue. Exits with 1 when
\`linux:\` cannot be used. It tells of the IPC namespace that it runs in: start it where the programs are.`,
  examples: [
    { command: 'msgq doctor', does: 'what works here, for you' },
    { command: 'sudo msgq doctor', does: 'and for root' },
    { command: 'msgq doctor --json | jq \'.findings[] | select(.status != "ok")\'', does: 'only what does not' },
  ],
  async run(_, { output }) {
    const findings = await examine()
    const isUsable = findings.every(({ status }) => status !== 'missing')
    if (output.isJson) await output.json({ linux: isUsable, findings })
    else await output.lines(...findings.flatMap((finding) => lines(finding, findings, output)), verdict(findings))
    if (!isUsable) throw new QuietEnd(EXIT.refused)
  },
}

/** What this machine has; the kernel's calls are asked for where they can be made. */
async function examine(): Promise<Finding[]> {
  const program = programFindings()
  if (program.some(({ status }) => status === 'missing')) return program
  return [...program, ...(await queueFindings()), ...rightFindings(), ...toolFindings(), runFinding()]
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
