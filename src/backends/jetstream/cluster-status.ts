import { hostname } from 'node:os'
import { BackendError } from '../../contract/index.ts'
import { CONNECT_MS, connectNats, isNotFound, unavailable } from './nats-connection.ts'
import { NatsImages } from './nats-images.ts'
import { streamOf, subjectOf } from './nats-log.ts'
import { type NatsConnection, natsModules, type StreamInfo } from './nats-modules.ts'
import { readNatsUrl } from './nats-url.ts'
import type { Node } from './node.ts'
import type { NodeStatus } from './node-options.ts'
import type { LogImage } from './replicated-log.ts'

/** Nodes that are there answer in milliseconds; after that they count as silent. */
const ANSWERS_MS = 1_000

/** A node, as it answers whoever asks. */
export interface SeenNode extends NodeStatus {
  readonly host: string
  readonly pid: number
  /** Its clock, milliseconds since 1970. */
  readonly time: number
}

/** A server that keeps the log. */
export interface KeepingServer {
  readonly name: string
  readonly isLeader: boolean
  readonly isCurrent: boolean
  readonly isOffline: boolean
  /** Records that it has yet to get. */
  readonly lag: number
}

/** How a namespace is, seen from here. */
export interface ClusterStatus {
  readonly name: string
  /** Of the server that we asked. */
  readonly version: string
  readonly isClustered: boolean
  readonly leader: string | undefined
  readonly replicas: number
  readonly servers: readonly KeepingServer[]
  readonly log: { readonly first: number; readonly last: number; readonly records: number; readonly bytes: number }
  readonly image: LogImage | undefined
  readonly nodes: readonly (SeenNode & {
    /** Records of the log that it has not applied. */
    readonly lag: number
    /** How far its clock is ahead of ours, milliseconds, as far as the way of a message tells. */
    readonly clockMs: number
  })[]
  /** Sessions that are open, and whose nodes do not answer. */
  readonly silent: readonly number[]
  /** How far the clock of the log's leader is ahead of ours. */
  readonly serverClockMs: number | undefined
}

export function seenNode(node: Node): SeenNode {
  return { ...node.status, host: hostname(), pid: process.pid, time: Date.now() }
}

/**
 * Looks at a namespace without opening it.
 *
 * @throws {TypeError} no URL of one. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` out of reach, or there is none.
 */
export async function clusterStatus(url: string): Promise<ClusterStatus> {
  const options = readNatsUrl(url)
  const connection = await connectNats(options)
  try {
    const { jetstreamManager, jetstream } = natsModules()
    const manager = await jetstreamManager(connection, { timeout: CONNECT_MS })
    const asked = Date.now()
    const stream = await manager.streams.info(streamOf(options.name))
    const serverClockMs = stream.ts === undefined ? undefined : Date.parse(stream.ts) - (asked + Date.now()) / 2
    const images = new NatsImages(jetstream(connection, { timeout: CONNECT_MS }), manager, options.name, 1)
    const isTrimmed = stream.state.first_seq > 1
    const nodes = await askNodes(connection, options.name)
    // What the nodes have meanwhile applied is no negative lag.
    const last = Math.max(stream.state.last_seq, ...nodes.map(({ sequence }) => sequence))
    return {
      name: options.name,
      version: connection.info?.version ?? '',
      isClustered: connection.info?.cluster !== undefined,
      ...serversOf(stream, connection.info?.server_name ?? ''),
      log: { first: stream.state.first_seq, last, records: stream.state.messages, bytes: stream.state.bytes },
      image: isTrimmed ? (await images.chosen()).image : undefined,
      nodes: nodes.map((node) => ({ ...node, lag: last - node.sequence })),
      silent: silentOf(nodes),
      serverClockMs,
    }
  } catch (error) {
    if (error instanceof BackendError) throw error
    if (isNotFound(error)) throw unavailable(`there is no namespace ${options.name} on ${options.servers.join(', ')}`)
    throw unavailable('the cluster does not answer', error)
  } finally {
    await connection.close()
  }
}

function serversOf({ config, cluster }: StreamInfo, asked: string) {
  const leader = cluster === undefined ? asked : cluster.leader
  const led = leader === undefined || leader === '' ? [] : [leader]
  const servers: KeepingServer[] = [
    ...led.map((name) => ({ name, isLeader: true, isCurrent: true, isOffline: false, lag: 0 })),
    ...(cluster?.replicas ?? []).map(({ name, current, offline = false, lag = 0 }) => ({
      name,
      isLeader: false,
      isCurrent: current,
      isOffline: offline,
      lag,
    })),
  ]
  return { leader: led[0], replicas: config.num_replicas, servers }
}

type Heard = SeenNode & { readonly clockMs: number }

/** What the nodes that are there answer, until all that are known have, or for a second. */
async function askNodes(connection: NatsConnection, name: string): Promise<Heard[]> {
  const { createInbox } = natsModules()
  const inbox = createInbox()
  const asked = Date.now()
  const heard: Heard[] = []
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ANSWERS_MS)
    connection.subscribe(inbox, {
      callback: (_, message) => {
        const node = message === undefined || message.data.length === 0 ? undefined : nodeOf(message.data)
        if (node === undefined) return resolve()
        heard.push({ ...node, clockMs: node.time - (asked + Date.now()) / 2 })
        if (silentOf(heard).length === 0) resolve()
      },
    })
    connection.publish(`${subjectOf(name)}.who`, undefined, { reply: inbox })
  })
  clearTimeout(timer)
  return heard.sort((a, b) => a.host.localeCompare(b.host) || a.pid - b.pid)
}

/** `undefined` where nobody is there: the server says so by an empty message. */
function nodeOf(data: Uint8Array): SeenNode | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(data)) as SeenNode
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Of the node that is furthest on, the sessions that nobody has answered for. */
function silentOf(nodes: readonly SeenNode[]): number[] {
  const [furthest] = [...nodes].sort((a, b) => b.sequence - a.sequence)
  return furthest?.sessions.filter((session) => !nodes.some((node) => node.session === session)) ?? []
}
