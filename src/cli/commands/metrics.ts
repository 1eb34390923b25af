import { MSG_INFO } from '../../abi/index.ts'
import { formatKey } from '../../contract/index.ts'
import type { IndexedStat } from '../../engine/index.ts'
import { option } from '../arguments.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import { openUrl } from '../open-url.ts'
import { allQueues } from '../queues.ts'

type Labels = Readonly<Record<string, string>>

/** One measure and its samples. All are gauges: the kernel counts nothing that only grows. */
interface Metric {
  readonly name: string
  readonly type: 'gauge'
  readonly help: string
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[]
}

/** `msgq metrics [URL]` */
export const metrics: Command = {
  name: 'metrics',
  summary: 'depth and limits of all queues, for Prometheus',
  operands: '[URL]',
  operandCount: { least: 0, most: 1 },
  options: {
    label: { type: 'string', value: 'NAME=VALUE', help: 'add this label to every sample: container=shop' },
  },
  alsoKnownAs: ['prometheus', 'exporter', 'stats'],
  details: `Prints every queue's messages, bytes, limit and times, and the namespace's limits and queues in use, in
Prometheus's text format; with --json the same as an array. Needs no permission on the queues, and changes nothing.
Where several namespaces are measured, --label tells them apart. URL may stand after the name, as well as in
--namespace.`,
  examples: [
    { command: 'msgq metrics linux:', does: "the kernel's queues" },
    { command: "msgq metrics 'linux:?pid=1234' --label container=shop", does: "a container's" },
    {
      command: 'msgq metrics linux: > msgq.new && mv msgq.new msgq.prom',
      does: "for node_exporter's textfile collector",
    },
  ],
  async run(given, context) {
    const { output } = context
    const label = option(given, 'label', labelFrom) ?? {}
    await using opened = await openUrl(given, context)
    const { namespace } = opened
    const queues = await allQueues(namespace)
    const limits = await namespace.limits()
    const { info } = await namespace.msgctl(0, MSG_INFO)
    const all = [...queueMetrics(queues, label), ...namespaceMetrics({ ...limits, queues: info.pool }, label)]
    if (output.isJson) return output.json(all)
    await output.lines(...all.flatMap(expositionLines))
  },
}

/** @throws {UsageError} Names that begin with `__` are Prometheus's own, `id` and `key` are ours. */
function labelFrom(name: string, text: string): Labels {
  const [, label, value] = /^((?!__)[a-zA-Z_]\w*)=(.*)$/s.exec(text) ?? []
  if (label === undefined || value === undefined) {
    throw new UsageError(
      `${name} ${text} is not a label`,
      'write NAME=VALUE; a name has letters, digits and _: host=db1',
    )
  }
  if (label === 'id' || label === 'key')
    throw new UsageError(`every queue has a label ${label} already`, 'use another name')
  return { [label]: value }
}

function queueMetrics(queues: readonly IndexedStat[], label: Labels): Metric[] {
  const metric = (name: string, help: string, measure: (queue: IndexedStat['stat']) => number): Metric => ({
    name,
    type: 'gauge',
    help,
    samples: queues.map(({ msqid, stat }) => ({
      labels: { id: String(msqid), key: formatKey(stat.perm.key), ...label },
      value: measure(stat),
    })),
  })
  return [
    metric('msgq_queue_messages', 'Messages on the queue.', ({ qnum }) => qnum),
    metric('msgq_queue_bytes', 'Payload bytes on the queue.', ({ cbytes }) => cbytes),
    metric(
      'msgq_queue_limit_bytes',
      'qbytes: most bytes, and also most messages, on the queue.',
      ({ qbytes }) => qbytes,
    ),
    metric(
      'msgq_queue_last_send_timestamp_seconds',
      'Time of the last send, since 1970; 0 is never.',
      ({ stime }) => stime,
    ),
    metric(
      'msgq_queue_last_receive_timestamp_seconds',
      'Time of the last receive, since 1970; 0 is never.',
      ({ rtime }) => rtime,
    ),
  ]
}

interface NamespaceMeasures {
  readonly queues: number
  readonly msgmni: number
  readonly msgmax: number
  readonly msgmnb: number
}

function namespaceMetrics({ queues, msgmni, msgmax, msgmnb }: NamespaceMeasures, labels: Labels): Metric[] {
  const metric = (name: string, help: string, value: number): Metric => ({
    name,
    type: 'gauge',
    help,
    samples: [{ labels, value }],
  })
  return [
    metric('msgq_queues', 'Queues in use.', queues),
    metric('msgq_queues_limit', 'msgmni: most queues.', msgmni),
    metric('msgq_message_limit_bytes', 'msgmax: most bytes of one message.', msgmax),
    metric('msgq_new_queue_limit_bytes', 'msgmnb: qbytes of a new queue.', msgmnb),
  ]
}

/** Source: Prometheus, text-based exposition format 0.0.4: help and type once, then all samples of the name. */
function expositionLines({ name, type, help, samples }: Metric): string[] {
  if (samples.length === 0) return []
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels, value }) => `${name}${labelWords(labels)} ${value}`),
  ]
}

function labelWords(labels: Labels): string {
  const words = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return words.length === 0 ? '' : `{${words.join(',')}}`
}

/** A label's value may be anything; three characters are written otherwise. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
