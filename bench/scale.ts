/** `npm run scale`: see `HELP`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { IPC_CREAT, IPC_SET, IPC_STAT } from '../src/abi/index.ts'
import type { IpcNamespace } from '../src/contract/index.ts'
import { openNamespace } from '../src/index.ts'
import { FLAG, readCommandLine } from '../test/command-line.ts'
import { NatsCluster } from '../test/jetstream/nats-cluster.ts'
import { openReplica } from '../test/jetstream/replicas.ts'
import { digits, duration } from './report.ts'
import { spread } from './rounds.ts'

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'guides', 'scale.md')
const [BEGIN, END] = ['<!-- scale -->', '<!-- /scale -->']
const MESSAGES = 100_000
const SIZE_BYTES = 200
const ROOM_BYTES = 2 ** 31 - 1
/** So many are under way at once while the queue is filled. */
const IN_FLIGHT = 4_096
const OPENINGS = 5
const NAMESPACES = 40
const IDLE_MS = 20_000
/** The unit of times in /proc, of which Linux has 100 a second everywhere. Source: proc(5), /proc/pid/stat. */
const TICK_MS = 10
const MIB = 2 ** 20

const HELP = `npm run scale -- [OPTION…]

What a namespace on a cluster costs, and where its bounds lie: opening, images, and one namespace more, on three NATS
servers of this machine.

  --page  puts the figures into docs/guides/scale.md
  --help  prints this`

const page = readCommandLine(HELP, { options: { page: FLAG } }, ({ page }) => page)
await using cluster = await NatsCluster.start(3)
// First: what a full namespace leaves behind in memory would hide what an idle one takes.
const more = await oneMore()
const rows = [...(await openings()), ...more]
for (const [what, figure] of rows) console.log(`${what}: ${figure}`)
if (page) {
  const machine = `Of ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version.slice(1)}: three servers that flush always, and the nodes, all on it.`
  const table = ['| what | costs |', '| --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n')
  const text = readFileSync(PAGE, 'utf8')
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (from < 0 || to < from) throw new Error(`docs/guides/scale.md has no marks ${BEGIN} and ${END}`)
  writeFileSync(PAGE, `${text.slice(0, from + BEGIN.length)}\n\n${machine}\n\n${table}\n\n${text.slice(to)}`)
}

async function openings(): Promise<(readonly [string, string])[]> {
  const empty = await timeOpening(cluster.url('empty'))
  const url = cluster.url('full')
  const namespace = await openNamespace(url)
  await fill(namespace)
  await namespace.close()
  const full = await timeOpening(url)
  await using replica = await openReplica(url)
  const since = performance.now()
  const { hash } = replica.node.position
  const hashed = performance.now() - since
  if (hash === '') throw new Error('assertion: a replica has a hash')
  return [
    ['opening an empty namespace', duration(empty * 1e6)],
    [`opening one with ${digits(MESSAGES)} messages of ${SIZE_BYTES} bytes queued`, duration(full * 1e6)],
    ['encoding and hashing the state of these, as for an image', duration(hashed * 1e6)],
  ]
}

async function fill(namespace: IpcNamespace): Promise<void> {
  await namespace.setLimits({ msgmnb: ROOM_BYTES })
  const msqid = await namespace.msgget(7, IPC_CREAT | 0o600)
  const { perm } = await namespace.msgctl(msqid, IPC_STAT)
  await namespace.msgctl(msqid, IPC_SET, { perm, qbytes: ROOM_BYTES })
  let left = MESSAGES
  const sender = async () => {
    while (left-- > 0) await namespace.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(SIZE_BYTES) }, 0)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender))
}

/** @returns Milliseconds of the median opening. */
async function timeOpening(url: string): Promise<number> {
  const took: number[] = []
  for (let opening = 0; opening < OPENINGS; opening++) {
    const since = performance.now()
    const namespace = await openNamespace(url)
    took.push(performance.now() - since)
    await namespace.close()
  }
  return spread(took).median
}

/** What each of some open namespaces costs that nobody uses. */
async function oneMore(): Promise<(readonly [string, string])[]> {
  const before = await idle()
  const namespaces = await Promise.all(
    Array.from({ length: NAMESPACES }, (_, index) => openNamespace(cluster.url(`idle-${index}`, index % 3))),
  )
  const after = await idle()
  await Promise.all(namespaces.map((namespace) => namespace.close()))
  const each = (one: number, other: number) => (other - one) / NAMESPACES
  const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`
  const percent = (share: number) => `${(100 * share).toFixed(2)} % of a processor`
  return [
    [
      'one more open namespace, at its node',
      `${mib(each(before.own, after.own))}, ${percent(each(before.ownShare, after.ownShare))}`,
    ],
    [
      'the same at the three servers together',
      `${mib(each(before.servers, after.servers))}, ${percent(each(before.serversShare, after.serversShare))}`,
    ],
  ]
}

/** Memory, and the share of a processor, of this process and of the servers while nobody does anything. */
async function idle() {
  const [own, servers] = [process.cpuUsage(), serverTicks()]
  await setTimeout(IDLE_MS)
  const { user, system } = process.cpuUsage(own)
  globalThis.gc?.()
  return {
    own: process.memoryUsage().rss,
    ownShare: (user + system) / 1e3 / IDLE_MS,
    servers: children().reduce(
      (sum, pid) => sum + 1024 * Number(/VmRSS:\s+(\d+)/.exec(proc(pid, 'status'))?.[1] ?? 0),
      0,
    ),
    serversShare: ((serverTicks() - servers) * TICK_MS) / IDLE_MS,
  }
}

function serverTicks(): number {
  return children().reduce((sum, pid) => {
    const [user = '0', system = '0'] = statOf(pid).slice(11)
    return sum + Number(user) + Number(system)
  }, 0)
}

function children(): string[] {
  const isChild = (pid: string) => /^\d+$/.test(pid) && statOf(pid)[1] === String(process.pid)
  return readdirSync('/proc').filter(isChild)
}

/** The fields behind the name, of which the second is the parent. Source: proc(5), /proc/pid/stat. */
function statOf(pid: string): string[] {
  return proc(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ')
}

/** Of a process that has ended there is nothing. */
function proc(pid: string, file: string): string {
  try {
    return readFileSync(join('/proc', pid, file), 'utf8')
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code === 'ENOENT' || code === 'ESRCH') return ''
    throw error
  }
}
