import { formatKey } from '../../contract/index.ts'
import type { HistoryEvent } from '../../engine/index.ts'
import { option } from '../arguments.ts'
import type { Command } from '../command.ts'
import { instantFrom } from '../instant.ts'
import { countFrom } from '../numbers.ts'
import { toJson } from '../output.ts'
import { withoutPast } from '../past.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import { Users } from '../users.ts'

const PID_MAX = 2 ** 31 - 1
/** Lines that are written at a time. */
const LINES = 1000

/** `msgq log [QUEUE]` */
export const log: Command = {
  name: 'log',
  summary: 'who sent, received, created and removed what, and when',
  operands: '[QUEUE]',
  operandCount: { least: 0, most: 1 },
  options: {
    from: { type: 'string', value: 'TIME', help: 'only what happened then or later' },
    to: { type: 'string', value: 'TIME', help: 'only what happened then or before' },
    pid: { type: 'string', value: 'PID', help: 'only what this process did' },
  },
  alsoKnownAs: ['history', 'audit', 'journal'],
  details: `Prints what happened to queues, oldest first, as far back as the daemon's journal holds it (msgq serve --retain).
A message has its type, its length and its number on the queue; what it said is in \`copy --at\`, if it was there for a
moment. For root and the owner of the daemon. QUEUE may be an id of a queue that is no more. A TIME is
2026-11-24T13:00:05, 13:00 for today, -10min, or @ and seconds since 1970.`,
  examples: [
    { command: 'msgq log', does: 'all that is held, of your own daemon' },
    { command: 'msgq -n unix:/run/msgq.sock log 0x4d5347 --from -1h', does: 'one queue, in the last hour' },
    { command: 'msgq log --pid 1234 --json', does: 'what a process did, one JSON object a line' },
  ],
  async run(given, { output, openNamespace, interrupted }) {
    const [queueText] = given.operands
    const name = queueText === undefined ? undefined : queueNameFrom(queueText)
    const from = option(given, 'from', instantFrom)
    const to = option(given, 'to', instantFrom)
    const pid = option(given, 'pid', (text, value) => countFrom(text, value, 1, PID_MAX))
    const namespace = await openNamespace()
    if (namespace.history === undefined) throw withoutPast(namespace)
    const msqid = name === undefined ? undefined : await findQueue(namespace, name)
    const asked = {
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(pid !== undefined && { pid }),
      ...(msqid !== undefined && { msqid }),
    }
    const users = new Users()
    let lines: string[] = []
    if (!output.isJson) lines.push(output.style.bold(HEADING))
    for await (const event of namespace.history(asked)) {
      interrupted.throwIfAborted()
      lines.push(output.isJson ? eventJson(event) : eventLine(event, users))
      if (lines.length < LINES) continue
      await output.lines(...lines)
      lines = []
    }
    await output.lines(...lines)
  },
}

const HEADING = line('time', 'event', 'msqid', 'key', 'pid', 'user', 'type', 'bytes', 'number')

function eventLine(
  { event, time, msqid, key, pid, uid, mtype, sizeBytes, sequence }: HistoryEvent,
  users: Users,
): string {
  const when = new Date(time).toISOString()
  const of = [mtype, sizeBytes, sequence].map((value) => (value === undefined ? '' : String(value)))
  const [type = '', bytes = '', number = ''] = of
  return line(when, event, String(msqid), formatKey(key), String(pid), users.user(uid), type, bytes, number)
}

/** Lines are printed as they come, so columns have a width before their words are known. */
function line(
  time: string,
  event: string,
  msqid: string,
  key: string,
  pid: string,
  user: string,
  type: string,
  bytes: string,
  number: string,
): string {
  const left = `${time.padEnd(24)}  ${event.padEnd(8)}  ${msqid.padEnd(6)}  ${key.padEnd(10)}  ${pid.padEnd(7)}  ${user.padEnd(10)}`
  return `${left}  ${type.padStart(6)}  ${bytes.padStart(6)}  ${number.padStart(6)}`.trimEnd()
}

function eventJson({ mtype, sizeBytes, sequence, ...event }: HistoryEvent): string {
  return toJson(mtype === undefined ? event : { ...event, type: mtype, bytes: sizeBytes, sequence })
}
