import { type ClusterStatus, clusterStatus, SERVER_VERSION_LEAST } from '../../backends/jetstream/index.ts'
import { BackendError } from '../../contract/index.ts'
import { count, sizeOf, spanOf } from '../words.ts'
import { type Finding, limited, missing, ok } from './finding.ts'

/** Clocks that NTP keeps differ by less. */
const CLOCKS_DIFFER_MS = 1_000
/** A server answers its monitors in milliseconds. */
const MONITOR_MS = 3_000
/** Twice what lies between two images, and what stays before one: more means that none is made. */
const LOG_BYTES_MANY = 192 * 1024 * 1024

/**
 * What a namespace on NATS has, and what each gap may cost.
 *
 * @param monitors Where its servers answer monitors, as `http://host:8222`: only there they tell when they flush.
 */
export async function clusterFindings(url: string, monitors: readonly string[]): Promise<Finding[]> {
  let status: ClusterStatus
  try {
    status = await clusterStatus(url)
  } catch (error) {
    if (!(error instanceof BackendError)) throw error
    const found = error.message.replace(`${error.code}: `, '')
    const advice = 'Nothing can be asked of it. Who opens a namespace for the first time begins it: `msgq -n URL ls`.'
    return [missing('cluster', found, advice)]
  }
  return [
    ok('server', `${status.version} (${SERVER_VERSION_LEAST} or later is needed)`),
    replicas(status),
    servers(status),
    await flushing(status, monitors),
    clocks(status),
    nodes(status),
    image(status),
  ]
}

function replicas({ replicas, isClustered }: ClusterStatus): Finding {
  const name = 'replicas'
  if (replicas >= 3) return ok(name, `${replicas} servers keep the log`)
  const found = `${count(replicas, 'server')} ${replicas === 1 ? 'keeps' : 'keep'} the log`
  const lost =
    replicas === 1 ? 'The loss of that machine is the loss of all that is queued' : 'The loss of one stops it'
  const how = isClustered ? '`nats stream edit MSGQ_NAME --replicas 3`' : 'a cluster of three servers'
  return limited(name, found, `${lost}. With three, any one may be lost: ${how}.`)
}

function servers({ servers, leader }: ClusterStatus): Finding {
  const name = 'servers'
  if (leader === undefined) {
    return limited(name, 'no leader', 'One is being elected, or too few are there: until then every call waits.')
  }
  const behind = servers.filter(({ isCurrent, isOffline }) => !isCurrent || isOffline)
  if (behind.length === 0) return ok(name, `${servers.map((server) => server.name).join(', ')}; ${leader} leads`)
  const found = behind.map((server) => `${server.name} ${server.isOffline ? 'is offline' : 'is behind'}`).join(', ')
  return limited(name, found, 'The loss of one more may stop the namespace until it is back.')
}

async function flushing({ servers }: ClusterStatus, monitors: readonly string[]): Promise<Finding> {
  const name = 'sync_interval'
  const costs =
    'A server that does not flush before it answers loses what was answered in the last two minutes when the power is ' +
    'cut, or its kernel crashes, on most of them at once. Set `sync_interval: always` in `jetstream {}`.'
  if (monitors.length === 0) {
    const advice = `${costs} To have it looked at: --monitor http://HOST:8222,… (\`http:\` in the servers' configuration).`
    return limited(name, 'not known: servers tell it to their monitors alone', advice)
  }
  const told = await Promise.all(monitors.map(syncOf))
  const lazy = told.filter(({ isAlways }) => isAlways === false)
  if (lazy.length > 0) return limited(name, `not \`always\` on ${lazy.map((each) => each.server).join(', ')}`, costs)
  const silent = told.filter(({ isAlways }) => isAlways === undefined)
  if (silent.length > 0) {
    return limited(name, `nothing answers at ${silent.map((each) => each.server).join(', ')}`, costs)
  }
  const unasked = servers.filter((server) => !told.some((each) => each.server === server.name))
  if (unasked.length === 0) return ok(name, '`always`: what is answered is on the disks of most servers')
  return limited(name, `not known of ${unasked.map((server) => server.name).join(', ')}`, costs)
}

/** Source: nats-server, server/monitor.go, Varz; `sync_always` is there where it is true. */
async function syncOf(monitor: string): Promise<{ readonly server: string; readonly isAlways: boolean | undefined }> {
  try {
    const answer = await fetch(new URL('/varz', monitor), { signal: AbortSignal.timeout(MONITOR_MS) })
    const { server_name, jetstream } = (await answer.json()) as {
      readonly server_name: string
      readonly jetstream?: { readonly config?: { readonly sync_always?: boolean } }
    }
    return { server: server_name, isAlways: jetstream?.config?.sync_always === true }
  } catch {
    // Whatever it is that answers there, or not: nothing is known.
    return { server: monitor, isAlways: undefined }
  }
}

function clocks({ nodes, serverClockMs }: ClusterStatus): Finding {
  const name = 'clocks'
  const differences = [...nodes.map(({ clockMs }) => clockMs), serverClockMs ?? 0, 0]
  const differs = Math.round(Math.max(...differences) - Math.min(...differences))
  const found = `${count(nodes.length + 1, 'machine')} and the leader within ${differs} ms`
  if (differs < CLOCKS_DIFFER_MS) return ok(name, found)
  const advice =
    'Times of queues never go back: those that a machine ahead has set stand until the others come to them. Order is ' +
    'not touched. Keep clocks by NTP.'
  return limited(name, found, advice)
}

function nodes({ nodes, silent }: ClusterStatus): Finding {
  const name = 'nodes'
  const skipped = Math.max(0, ...nodes.map((node) => node.skipped))
  if (skipped > 0) {
    const advice = 'Something else writes to its subject, or a record was damaged: every replica skips it alike.'
    return limited(name, `${count(skipped, 'record')} of the log that are none`, advice)
  }
  const found = count(nodes.length, 'node')
  if (silent.length === 0) return ok(name, `${found}, all answer`)
  const advice = 'What they hold is shown again when they have been silent for 20 seconds, if another node is there.'
  return limited(name, `${found} answer, ${silent.length} more do not`, advice)
}

function image({ image, log }: ClusterStatus): Finding {
  const name = 'image'
  const tail = `the log has ${count(log.records, 'record')}, ${sizeOf(log.bytes)}`
  if (log.bytes >= LOG_BYTES_MANY) {
    const advice = 'Images are made when most nodes agree: look at nodes that do not answer, and at the object store.'
    return limited(name, `${tail}: longer than it should be`, advice)
  }
  if (image === undefined) return ok(name, `none is needed yet; ${tail}`)
  const age = spanOf(Math.max(0, Math.round((Date.now() - image.time) / 1000)))
  return ok(name, `of record ${image.sequence}, ${sizeOf(image.sizeBytes)}, ${age} old; ${tail}`)
}
