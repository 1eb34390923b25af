import { MSG_INFO } from '../../abi/index.ts'
import { formatKey } from '../../contract/index.ts'
import type { IndexedStat } from '../../engine/index.ts'
import type { Command } from '../command.ts'
import { openUrl } from '../open-url.ts'
import { allQueues } from '../queues.ts'

/** One measure: its name, what it is, and its samples. */
interface Metric {
  readonly name: string
  readonly help: string
  readonly samples: readonly (readonly [labels: string, value: number])[]
}

/** `msgq metrics [URL]` */
export const metrics: Command = {
  name: 'metrics',
  summary: 'depth and limits of all queues, for Prometheus',
  operands: '[URL]',
  operandCount: { least: 0, most: 1 },
  options: {},
  alsoKnownAs: ['prometheus', 'exporter', 'stats'],
  details: `Prints every queue's messages, bytes and limit, and the namespace's limits and queues in use, in Prometheus's
text format; with --json the same as an array. Needs no permission on the queues. URL may stand after the name, as
well as in --namespace.`,
  examples: [
    { command: 'msgq metrics linux:', does: "the kernel's queues" },
    {
      command: 'msgq metrics linux: > /var/lib/node_exporter/msgq.prom',
      does: "for node_exporter's textfile collector",
    },
    { command: "msgq metrics 'linux:?pid=1234'", does: "a container's" },
  ],
  async run(given, context) {
    const { output } = context
    await using opened = await openUrl(given, context)
    const { namespace } = opened
    const queues = await allQueues(namespace)
    const limits = await namespace.limits()
    const { info } = await namespace.msgctl(0, MSG_INFO)
    const all: Metric[] = [...queueMetrics(queues), ...namespaceMetrics({ ...limits, queues: info.pool })]
    if (output.isJson) return output.json(all)
    await output.lines(...all.flatMap(expositionLines))
  },
}

function queueMetrics(queues: readonly IndexedStat[]): Metric[] {
  const metric = (name: string, help: string, value: (queue: IndexedStat['stat']) => number): Metric => ({
    name,
    help,
    samples: queues.map(({ msqid, stat }) => [`{id="${msqid}",key="${formatKey(stat.perm.key)}"}`, value(stat)]),
  })
  return [
    metric('msgq_queue_messages', 'Messages on the queue.', ({ qnum }) => qnum),
    metric('msgq_queue_bytes', 'Payload bytes on the queue.', ({ cbytes }) => cbytes),
    metric('msgq_queue_bytes_limit', 'Most bytes, and most messages, that the queue admits.', ({ qbytes }) => qbytes),
    metric('msgq_queue_last_send_seconds', 'Time of the last send, since 1970; 0 is never.', ({ stime }) => stime),
    metric(
      'msgq_queue_last_receive_seconds',
      'Time of the last receive, since 1970; 0 is never.',
      ({ rtime }) => rtime,
    ),
  ]
}

function namespaceMetrics(given: { msgmax: number; msgmnb: number; msgmni: number; queues: number }): Metric[] {
  const metric = (name: string, help: string, value: number): Metric => ({ name, help, samples: [['', value]] })
  return [
    metric('msgq_queues', 'Queues in use.', given.queues),
    metric('msgq_queues_limit', 'msgmni: most queues.', given.msgmni),
    metric('msgq_message_bytes_limit', 'msgmax: most bytes of one message.', given.msgmax),
    metric('msgq_new_queue_bytes_limit', 'msgmnb: qbytes of a new queue.', given.msgmnb),
  ]
}

/** Source: Prometheus, text-based exposition format 0.0.4: help and type once, then all samples of the name. */
function expositionLines({ name, help, samples }: Metric): string[] {
  if (samples.length === 0) return []
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
  ]
}
