import { MSG_INFO } from '../abi/index.ts'
import { formatKey, type IpcNamespace } from '../contract/index.ts'
import type { IndexedStat } from '../engine/index.ts'
import { allQueues } from './queues.ts'

export type Labels = Readonly<Record<string, string>>

/** One measure and its samples. All are gauges: the kernel counts nothing that only grows. */
export interface Metric {
  readonly name: string
  readonly type: 'gauge'
  readonly help: string
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[]
}

/** Measures every queue of a namespace, and the namespace. Needs no permission on the queues. */
export async function measure(namespace: IpcNamespace, label: Labels = {}): Promise<Metric[]> {
  const queues = await allQueues(namespace)
  const limits = await namespace.limits()
  const { info } = await namespace.msgctl(0, MSG_INFO)
  return [...queueMetrics(queues, label), ...namespaceMetrics({ ...limits, queues: info.pool }, label)]
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
