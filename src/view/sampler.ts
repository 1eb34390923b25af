import { IPCMNI, MSG_INFO, MSG_STAT_ANY, type MsqidDs } from '../abi/index.ts'
import { formatKey, type IpcNamespace, SyscallError } from '../contract/index.ts'
import type { IndexedStat, WaitingCall } from '../engine/index.ts'
import { Depths } from './depths.ts'
import { bareAfter, newestSequence } from './newest.ts'
import type { QueueSeen, Seen, WaitSeen } from './seen.ts'

/** Calls under way at a time: a daemon answers many at once, and none of them waits. */
const CALLS_AT_ONCE = 256
/** Queues whose messages are asked about at each sample; the others show what a stat tells. */
const ASKED_QUEUES_MAX = 1000
/** Waiting calls that are shown one by one; they are counted all. */
const WAITS_MAX = 500

/** What is remembered of a queue between two samples. */
interface Before {
  readonly time: number
  readonly qnum: number
  readonly newest: number | undefined
}

/** Looks at a whole namespace again and again. Changes nothing, and needs no permission but for what messages tell. */
export class Sampler {
  readonly depths: Depths = new Depths()
  readonly #namespace: IpcNamespace
  readonly #userName: (uid: number) => string
  #before = new Map<number, Before>()

  constructor(namespace: IpcNamespace, userName: (uid: number) => string) {
    this.#namespace = namespace
    this.#userName = userName
  }

  async sample(): Promise<Seen> {
    const namespace = this.#namespace
    const stats = await this.#stats()
    const [limits, waiting] = await Promise.all([
      namespace.limits(),
      namespace.capabilities.waiting ? namespace.waiting() : [],
    ])
    const time = Date.now()
    const told = new Map<number, Told>()
    await inBatches(stats.slice(0, ASKED_QUEUES_MAX), async (queue) => {
      told.set(queue.msqid, await this.#askMessages(queue))
    })
    const now = new Map<number, Before>()
    const waits = namespace.capabilities.waiting ? countWaits(waiting) : undefined
    const queues = stats.map(({ msqid, stat }): QueueSeen => {
      const { oldest, newest } = told.get(msqid) ?? {}
      const before = this.#before.get(msqid)
      now.set(msqid, { time, qnum: stat.qnum, newest })
      return {
        ...this.#fields(msqid, stat),
        ...(oldest !== undefined && { oldest }),
        ...ratesOf(before, { time, qnum: stat.qnum, newest }),
        ...(waits !== undefined && (waits.get(msqid) ?? { sending: 0, receiving: 0 })),
      }
    })
    this.#before = now
    this.depths.add(time, queues)
    return { time, queues, limits, waiting: waiting.slice(0, WAITS_MAX).map(waitSeen) }
  }

  #fields(msqid: number, { perm, ...stat }: MsqidDs) {
    const { key, uid, gid, mode } = perm
    const { cbytes, qnum, qbytes, lspid, lrpid, stime, rtime, ctime } = stat
    const fields = { cbytes, qnum, qbytes, lspid, lrpid, stime, rtime, ctime }
    return { msqid, key: formatKey(key), uid, gid, owner: this.#userName(uid), mode, ...fields }
  }

  async #stats(): Promise<IndexedStat[]> {
    const { maxIndex } = await this.#namespace.msgctl(0, MSG_INFO)
    const found: (IndexedStat | undefined)[] = new Array(Math.min(maxIndex + 1, IPCMNI))
    await inBatches([...found.keys()], async (index) => {
      found[index] = await this.#statAt(index)
    })
    return found.filter((each) => each !== undefined)
  }

  async #statAt(index: number): Promise<IndexedStat | undefined> {
    try {
      return await this.#namespace.msgctl(index, MSG_STAT_ANY)
    } catch (error) {
      if (error instanceof SyscallError && error.code === 'EINVAL') return undefined
      throw error
    }
  }

  /** Empty where messages tell nothing, where they may not be read, or where the queue is gone. */
  async #askMessages({ msqid, stat }: IndexedStat): Promise<Told> {
    const { cursors } = this.#namespace.capabilities
    if (!cursors) return {}
    try {
      const known = this.#before.get(msqid)?.newest ?? 0
      const newest = await newestSequence(this.#namespace, msqid, known)
      const oldest = stat.qnum === 0 ? undefined : await bareAfter(this.#namespace, msqid, 0)
      return { newest, ...(oldest?.time !== undefined && { oldest: oldest.time }) }
    } catch (error) {
      if (error instanceof SyscallError) return {}
      throw error
    }
  }
}

interface Told {
  readonly oldest?: number
  readonly newest?: number
}

/** What was sent is counted by sequence numbers; what was received is the rest of how depth has changed. */
function ratesOf(before: Before | undefined, now: Before): Pick<QueueSeen, 'change' | 'sent' | 'received'> {
  if (before === undefined || now.time <= before.time) return { change: 0 }
  const seconds = (now.time - before.time) / 1000
  const change = (now.qnum - before.qnum) / seconds
  if (now.newest === undefined || before.newest === undefined) return { change: rounded(change) }
  const sent = Math.max(0, now.newest - before.newest) / seconds
  return { change: rounded(change), sent: rounded(sent), received: rounded(Math.max(0, sent - change)) }
}

/** A tenth is what people read. */
function rounded(rate: number): number {
  return Math.round(rate * 10) / 10
}

function countWaits(waiting: readonly WaitingCall[]): Map<number, { sending: number; receiving: number }> {
  const counts = new Map<number, { sending: number; receiving: number }>()
  for (const { msqid, call } of waiting) {
    const count = counts.get(msqid) ?? { sending: 0, receiving: 0 }
    if (call.name === 'msgsnd') count.sending++
    else count.receiving++
    counts.set(msqid, count)
  }
  return counts
}

function waitSeen({ msqid, caller, call }: WaitingCall): WaitSeen {
  const type = call.name === 'msgsnd' ? call.mtype : call.msgtyp
  return { msqid, call: call.name, pid: caller.pid, type: String(type), msgflg: call.msgflg }
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += CALLS_AT_ONCE) {
    await Promise.all(items.slice(start, start + CALLS_AT_ONCE).map(work))
  }
}
