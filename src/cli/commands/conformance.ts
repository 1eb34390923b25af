import { MSG_INFO } from '../../abi/index.ts'
import { type ConformanceCase, conformanceCases, type Target } from '../../conformance/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import { flag, textOption } from '../arguments.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { memoryTarget } from '../conformance/embedded-target.ts'
import { kernelTarget } from '../conformance/kernel-target.ts'
import { rehearsalTarget } from '../conformance/rehearsal.ts'
import { type CasePlan, type CaseResult, planCases, runCases } from '../conformance/run-cases.ts'
import { QuietEnd, UsageError } from '../errors.ts'
import { EXIT } from '../exit-code.ts'
import { openUrl } from '../open-url.ts'
import type { Output } from '../output.ts'
import { Progress } from '../progress.ts'
import { count } from '../words.ts'

/** `msgq conformance [URL]` */
export const conformance: Command = {
  name: 'conformance',
  summary: 'does a namespace behave as the contract says?',
  operands: '[URL]',
  operandCount: { least: 0, most: 1 },
  options: {
    only: { type: 'string', value: 'WORDS', help: 'only cases whose name has all of these words' },
    fresh: { type: 'boolean', help: 'all cases, each in a new IPC namespace of the kernel (root)' },
  },
  alsoKnownAs: ['test', 'check', 'verify', 'selftest', 'self-test'],
  details: `Runs the conformance suite: several hundred cases, each of which shows one behaviour of msgget, msgsnd, msgrcv,
msgctl, or of what msgq adds. On \`linux:\` a case makes queues of its own, uses no other and removes them, also when it
is interrupted; limits stay as they are. Cases that would see other queues, or need limits changed, are left out there:
--fresh runs them too, in namespaces of their own, and leaves the one that stands alone. Some cases act as other users,
which needs root. On nats://HOST/NAME each case has a namespace of its own beside NAME, which is not touched. Exits with
1 when a case fails.`,
  examples: [
    { command: 'msgq conformance linux:', does: 'the running kernel, beside the queues that are in use' },
    { command: 'msgq conformance linux: --fresh', does: 'every case; the queues in use are not even seen' },
    { command: "msgq conformance 'linux:?pid=1234' --only 'msgrcv MSG_EXCEPT'", does: 'some cases, in a container' },
    { command: 'msgq conformance memory: --json', does: "msgq's own engine, for a program to read" },
  ],
  async run(given, context) {
    const cases = casesFrom(textOption(given, 'only'))
    const nats = natsUrl(given)
    if (nats !== undefined) return judge(await clusterTarget(nats), undefined, cases, context)
    await using opened = await openUrl(given, context)
    const { target, rehearsal } = await targetsFor(opened.namespace, flag(given, 'fresh'))
    await judge(target, rehearsal, cases, context)
  },
}

/** Runs the cases and tells what became of them. @throws {QuietEnd} one has failed. */
async function judge(
  target: Target,
  rehearsal: Target | undefined,
  cases: readonly ConformanceCase[],
  { output, interrupted }: CommandContext,
): Promise<void> {
  const plan = await planCases(target, cases, rehearsal)
  if (!output.isJson) await tellPlan(target, plan, rehearsal !== undefined, output)
  const results = [...plan.others]
  using progress = new Progress(output, { doing: 'running', unit: 'cases', total: plan.cases.length })
  let ran = 0
  for await (const result of runCases(target, plan.cases, interrupted)) {
    results.push(result)
    progress.update(++ran)
    if (!output.isJson && result.reason !== undefined) await output.lines(...resultLines(result, output))
  }
  const sums = sumsOf(results)
  if (output.isJson) await output.json({ url: target.name, ...sums, cases: inOrder(results, cases) })
  else await output.lines(`${target.name} ${sumWords(sums)}`)
  if (sums.failed > 0) throw new QuietEnd(EXIT.refused)
}

/** The URL of a namespace on NATS, where that is meant: its cases make others beside it, and it is not opened. */
function natsUrl(given: Arguments): string | undefined {
  const [url] = given.operands
  const named = url ?? textOption(given, 'namespace')
  return named?.startsWith('nats:') ? named : undefined
}

async function clusterTarget(url: string): Promise<Target> {
  const { readNatsUrl, siblingUrl } = await import('../../backends/jetstream/index.ts')
  const { jetstreamTarget } = await import('../conformance/jetstream-target.ts')
  try {
    return jetstreamTarget({ name: readNatsUrl(url).shown, urls: (namespace) => [siblingUrl(url, namespace)] })
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, 'for instance: nats://127.0.0.1/orders')
    throw error
  }
}

/** @throws {UsageError} no case has these words. */
function casesFrom(only: string | undefined): readonly ConformanceCase[] {
  const words = (only ?? '').toLowerCase().split(/\s+/)
  const cases = conformanceCases.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
  if (cases.length > 0) return cases
  throw new UsageError(`no case has ${JSON.stringify(only)} in its name`, 'leave out a word, or --only')
}

/** @throws {UsageError} there is nothing fresh to be had. */
async function targetsFor(
  namespace: IpcNamespace,
  isFresh: boolean,
): Promise<{ readonly target: Target; readonly rehearsal?: Target }> {
  if (namespace.url === 'memory:') return { target: memoryTarget }
  const [isLinux, pid] = /^linux:(?:\?pid=(\d+))?$/.exec(namespace.url) ?? []
  if (isLinux === undefined)
    throw new UsageError(`the suite is not for ${namespace.url}`, 'use memory:, linux: or nats://HOST/NAME')
  if (isFresh && pid !== undefined) {
    throw new UsageError('--fresh and a process exclude each other', 'new namespaces are the kernel’s: linux: --fresh')
  }
  if (isFresh) return { target: kernelTarget() }
  const { info } = await namespace.msgctl(0, MSG_INFO)
  const rehearsal = rehearsalTarget(await namespace.limits(), info.pool)
  return { target: kernelTarget({ isStanding: true, ...(pid !== undefined && { pid: Number(pid) }) }), rehearsal }
}

/** Says what will happen, before it does. */
async function tellPlan(target: Target, plan: CasePlan, isStanding: boolean, output: Output): Promise<void> {
  const where = isStanding ? 'on queues of their own, beside those in use' : 'each in a new namespace'
  await output.note(`${target.name} ${count(plan.cases.length, 'case')} to run, ${where}`)
  const { leftOut } = sumsOf(plan.others)
  if (leftOut > 0) await output.note(`${count(leftOut, 'case')} left out: they need a namespace of their own (--fresh)`)
}

function sumsOf(results: readonly CaseResult[]) {
  const sum = (wanted: CaseResult['outcome']) => results.filter(({ outcome }) => outcome === wanted).length
  return {
    passed: sum('passed'),
    failed: sum('failed'),
    notApplicable: sum('not applicable'),
    leftOut: sum('left out'),
  }
}

function sumWords({ passed, failed, notApplicable, leftOut }: ReturnType<typeof sumsOf>): string {
  return `${passed} passed, ${failed} failed, ${notApplicable} not applicable, ${leftOut} left out`
}

/** A case that has not passed: its name, and below it what differed. */
function resultLines({ name, outcome, reason = '' }: CaseResult, { style }: Output): string[] {
  const word = outcome === 'failed' ? style.red(outcome) : outcome
  return [`${word}: ${style.bold(name)}`, ...reason.split('\n').map((line) => `    ${line}`.trimEnd())]
}

function inOrder(results: readonly CaseResult[], cases: readonly ConformanceCase[]): CaseResult[] {
  return cases.flatMap(({ name }) => results.find((result) => result.name === name) ?? [])
}
