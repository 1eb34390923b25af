/**
 * Which steps the kernel's scheduler decides. Where it does, the engine's order is one of several right ones, so such a
 * step is compared by what every order has in common, or not taken. Source: ipc/msg.c.
 *
 * - ss_wakeup() wakes every sender that fits by itself; who of several gets the lock first is the scheduler's choice.
 * - expunge_all(-EAGAIN), which IPC_SET ends in, wakes every receiver, and each queues again at the tail when it runs.
 */
import { IPC_SET, IPC_STAT, type Long, MSG_EXCEPT, type MsqidDs } from '../../src/abi/index.ts'
import { Engine, type Entry, type Msgrcv, type Msgsnd, type WaitingCall } from '../../src/engine/index.ts'
import { applyEntry } from './compare.ts'

/**
 * `none`: the kernel has one answer. `sameSet`: the same calls end, and the same messages are queued in some order.
 * `sameCount`: as many calls end, of equal size, whichever they are. `undecided`: nothing to compare.
 */
export type Race = 'none' | 'sameSet' | 'sameCount' | 'undecided'

/** A ticket number that no call of a scenario has. */
const OWN = -1

type Waits<Call> = WaitingCall & { readonly call: Call }

/**
 * How far the kernel's answer to an entry is determined.
 *
 * @param history All entries before it.
 * @param unordered Ticket numbers of waiting receivers whose order among each other is the scheduler's.
 */
export function raceOf(
  history: readonly Entry[],
  entry: Entry,
  waiting: readonly WaitingCall[],
  unordered: ReadonlySet<number>,
): Race {
  const { call } = entry
  if (call.name === 'msgsnd') return servedInAnyOrder([call], unordered, waiting) ? 'none' : 'undecided'
  const sets = call.name === 'msgctl' && call.cmd === IPC_SET
  if (call.name !== 'msgrcv' && !sets) return 'none'

  const here = waiting.filter(({ msqid }) => msqid === call.msqid)
  const senders = here.filter((each): each is Waits<Msgsnd> => each.call.name === 'msgsnd')
  const receivers = here.filter(({ call }) => call.name === 'msgrcv')
  if (senders.length === 0) return 'none'
  const { room, endedReceivers } = withoutSenders(history, entry, senders)
  const woken = senders.filter((sender) => room !== undefined && fits(room, [sender.call]))
  if (woken.length === 0) return 'none'
  // The receivers that IPC_SET woke are on their way while the sender looks for one.
  if (sets && (receivers.length > 1 || endedReceivers > 0)) return 'undecided'
  const messages = woken.map(({ call }) => call)
  if (woken.length === 1) return servedInAnyOrder(messages, unordered, waiting) ? 'none' : 'undecided'
  if (receivers.length > 0) return 'undecided'
  if (room !== undefined && fits(room, messages) && woken.length === senders.length) return 'sameSet'
  return messages.every(({ mtext }) => mtext.length === messages[0]?.mtext.length) ? 'sameCount' : 'undecided'
}

/** The room that woken senders find: what the entry leaves behind when nobody waits to send. */
function withoutSenders(history: readonly Entry[], entry: Entry, senders: readonly WaitingCall[]) {
  const engine = new Engine()
  for (const past of history) applyEntry(engine, past)
  const own = { ...entry, ticket: { session: 0, number: OWN } }
  for (const { ticket } of senders) applyEntry(engine, { ...own, call: { name: 'interrupt', call: ticket } })
  const endedReceivers = [...applyEntry(engine, own).keys()].filter((number) => number !== OWN).length
  const msqid = 'msqid' in entry.call ? entry.call.msqid : 0
  const caller = { ...entry.caller, capabilities: ['CAP_IPC_OWNER'] } as const
  const stat = applyEntry(engine, { ...own, caller, call: { name: 'msgctl', msqid, cmd: IPC_STAT } }).get(OWN)
  return { room: stat !== undefined && 'value' in stat ? (stat.value as MsqidDs) : undefined, endedReceivers }
}

/** Source: ipc/msg.c, msg_fits_inqueue(). */
function fits({ cbytes, qnum, qbytes }: MsqidDs, messages: readonly Msgsnd[]): boolean {
  const bytes = messages.reduce((sum, { mtext }) => sum + mtext.length, cbytes)
  return bytes <= qbytes && qnum + messages.length <= qbytes
}

/** Whether no message is one that two receivers of unknown order wait for. */
function servedInAnyOrder(
  messages: readonly Msgsnd[],
  unordered: ReadonlySet<number>,
  waiting: readonly WaitingCall[],
): boolean {
  const receivers = waiting.filter(({ ticket }) => unordered.has(ticket.number))
  return messages.every(({ msqid, mtype }) => {
    const matching = receivers.filter(
      ({ call }) => call.name === 'msgrcv' && call.msqid === msqid && selects(call, mtype),
    )
    return matching.length <= 1
  })
}

/** Whether a receive waits for a type. Written apart from the engine's, whose faults it must not share. Source: msgrcv(2). */
function selects({ msgtyp, msgflg }: Msgrcv, mtype: Long): boolean {
  if (msgtyp === 0) return true
  if (msgtyp < 0) return -BigInt(msgtyp) >= BigInt(mtype)
  return msgflg & MSG_EXCEPT ? mtype !== msgtyp : mtype === msgtyp
}
