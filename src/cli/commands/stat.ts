import type { MsqidDs } from '../../abi/index.ts'
import { formatKey } from '../../contract/index.ts'
import type { Command } from '../command.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import { fullPercent, queueJson, statOf } from '../queues.ts'
import { listLines } from '../table.ts'
import { Users } from '../users.ts'
import { bytesOf, modeOf, timeOf } from '../words.ts'

/** `msgq stat QUEUE` */
export const stat: Command = {
  name: 'stat',
  summary: 'tell all about one queue',
  operands: 'QUEUE',
  operandCount: { least: 1, most: 1 },
  options: {},
  alsoKnownAs: ['show', 'info', 'status'],
  details: `Prints what IPC_STAT tells: struct msqid_ds, in the kernel's field names. With --json all are numbers: mode 384
is octal 600, and times are seconds since 1970, 0 for never. Needs no permission on the queue.`,
  examples: [
    { command: 'msgq -n linux: stat 3', does: 'the queue with id 3, as ipcs prints it' },
    { command: 'msgq -n linux: stat 0x4d5347', does: 'the queue with this key' },
    { command: 'msgq -n linux: stat 3 --json | jq .qnum', does: 'how many messages it has' },
  ],
  async run({ operands: [queue = ''] }, { output, openNamespace }) {
    const name = queueNameFrom(queue)
    const namespace = await openNamespace()
    const msqid = await findQueue(namespace, name)
    const found = await statOf(namespace, msqid)
    if (output.isJson) return output.json(queueJson({ msqid, stat: found }))
    await output.lines(...listLines(described(msqid, found), output.style))
  },
}

function described(msqid: number, stat: MsqidDs): [name: string, value: string][] {
  const { perm, qnum, cbytes, qbytes, copyCounter } = stat
  const users = new Users()
  return [
    ['msqid', String(msqid)],
    ['key', formatKey(perm.key)],
    ['owner', `${users.user(perm.uid)}:${users.group(perm.gid)} (uid ${perm.uid}, gid ${perm.gid})`],
    ['creator', `${users.user(perm.cuid)}:${users.group(perm.cgid)} (cuid ${perm.cuid}, cgid ${perm.cgid})`],
    ['mode', modeOf(perm.mode)],
    ['seq', String(perm.seq)],
    ['qnum', `${qnum}`],
    ['cbytes', bytesOf(cbytes)],
    ['qbytes', `${bytesOf(qbytes)}, ${fullPercent(stat)}% full`],
    ['lspid', pid(stat.lspid)],
    ['lrpid', pid(stat.lrpid)],
    ['stime', timeOf(stat.stime)],
    ['rtime', timeOf(stat.rtime)],
    ['ctime', timeOf(stat.ctime)],
    ...(copyCounter === undefined ? [] : [['copyCounter', String(copyCounter)] as [string, string]]),
  ]
}

function pid(number: number): string {
  return number === 0 ? '0 (none)' : String(number)
}
