import type { ClusterStatus } from '../../backends/jetstream/index.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import type { Output } from '../output.ts'
import { type Column, listLines, tableLines } from '../table.ts'
import { count, sizeOf, timeOf } from '../words.ts'

const SERVER_COLUMNS: readonly Column[] = [
  { heading: 'server', align: 'left' },
  { heading: 'is', align: 'left' },
  { heading: 'lag', align: 'right' },
]
const NODE_COLUMNS: readonly Column[] = [
  { heading: 'host', align: 'left' },
  { heading: 'pid', align: 'right' },
  { heading: 'applied', align: 'right' },
  { heading: 'lag', align: 'right' },
  { heading: 'agreed', align: 'right' },
  { heading: 'clock', align: 'right' },
]

/** `msgq cluster status URL` */
export const cluster: Command = {
  name: 'cluster',
  summary: 'replicas, lag, leader and last image of a nats: namespace',
  operands: 'status URL',
  operandCount: { least: 2, most: 2 },
  firstOperands: [{ word: 'status', does: 'replicas, lag, leader and last image' }],
  options: {},
  needsNamespace: false,
  alsoKnownAs: ['nats', 'replicas', 'peers'],
  details: `Shows how a namespace on NATS is, without opening it: which servers keep its log, which leads and how far the
others are behind; which nodes, programs that have it open, are there, and up to which record they have applied the log
and were the same as the others; the last image and what came after. Changes nothing. \`msgq doctor URL\` says
what each gap may cost.`,
  examples: [
    { command: 'msgq cluster status nats://10.0.0.1/orders', does: 'by way of one of its servers' },
    { command: "msgq cluster status 'nats://10.0.0.1/orders' --json | jq .leader", does: 'for a program' },
  ],
  async run({ operands: [verb, url = ''] }, { output }) {
    if (verb !== 'status') {
      throw new UsageError(`cluster does not know ${JSON.stringify(verb)}`, 'it shows: cluster status nats://HOST/NAME')
    }
    const status = await statusOf(url)
    if (output.isJson) await output.json(status)
    else await output.lines(...statusLines(status, output))
  },
}

async function statusOf(url: string): Promise<ClusterStatus> {
  // Loaded for this command alone: others are to start fast.
  const { clusterStatus } = await import('../../backends/jetstream/index.ts')
  try {
    return await clusterStatus(url)
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, 'for instance: nats://127.0.0.1/orders')
    throw error
  }
}

function statusLines(status: ClusterStatus, { style }: Output): string[] {
  const { image, log, silent } = status
  const made =
    image === undefined ? 'none' : `of record ${image.sequence}, ${sizeOf(image.sizeBytes)}, ${ago(image.time)}`
  const servers = status.servers.map(({ name, isLeader, isCurrent, isOffline, lag }) => [
    name,
    isLeader ? 'leader' : isOffline ? 'offline' : isCurrent ? 'current' : 'behind',
    String(lag),
  ])
  const nodes = status.nodes.map((node) => [
    node.host,
    String(node.pid),
    String(node.sequence),
    String(node.lag),
    String(node.agreed),
    `${node.clockMs < 0 ? '' : '+'}${Math.round(node.clockMs)} ms`,
  ])
  return [
    ...listLines(
      [
        ['namespace', status.name],
        ['server', status.version],
        ['log', `records ${log.first} to ${log.last}, ${sizeOf(log.bytes)}`],
        ['image', made],
        ['leader', status.leader ?? 'none'],
      ],
      style,
    ),
    '',
    ...tableLines(SERVER_COLUMNS, servers, style),
    '',
    ...(nodes.length === 0 ? ['no node has it open'] : tableLines(NODE_COLUMNS, nodes, style)),
    ...(silent.length === 0 ? [] : [`${count(silent.length, 'more node')} of those that are open do not answer`]),
  ]
}

function ago(timeMs: number): string {
  return timeOf(Math.floor(timeMs / 1000))
}
