import { IPC_SET } from '../../abi/index.ts'
import { option, textOption } from '../arguments.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import { countFrom, modeFrom } from '../numbers.ts'
import { ownerFrom } from '../owner.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import { queueJson, statOf } from '../queues.ts'
import { Users } from '../users.ts'
import { modeOf } from '../words.ts'

/** `msgq set QUEUE` */
export const set: Command = {
  name: 'set',
  summary: "change a queue's owner, mode or qbytes",
  operands: 'QUEUE',
  operandCount: { least: 1, most: 1 },
  options: {
    owner: { type: 'string', value: 'U[:G]', help: 'its owner, and group: names or numbers; `:G` is the group alone' },
    mode: { type: 'string', short: 'm', value: 'MODE', help: 'its permission bits, octal: 640' },
    qbytes: { type: 'string', value: 'N', help: 'most bytes, and most messages, on it' },
  },
  alsoKnownAs: ['change', 'chmod', 'chown', 'modify', 'update'],
  details: `Changes what IPC_SET changes, all at once or nothing; what is not named stays. It is for the queue's owner or
creator, or CAP_SYS_ADMIN; qbytes above msgmnb needs CAP_SYS_RESOURCE. Messages stay, also when qbytes falls below
what is on the queue: then nothing is sent until enough is received. More qbytes wake those who wait for room.`,
  examples: [
    { command: 'msgq -n linux: set 3 --qbytes 65536', does: 'room for more' },
    { command: 'msgq -n linux: set 0x4d5347 --owner www-data:adm --mode 660', does: 'for another user and group' },
    { command: 'msgq -n linux: set ftok:/etc/app.conf:1 --mode 000', does: 'closed to all but CAP_IPC_OWNER' },
  ],
  async run(given, { output, openNamespace }) {
    const name = queueNameFrom(given.operands[0] ?? '')
    const owner = textOption(given, 'owner') === undefined ? {} : ownerFrom(textOption(given, 'owner') ?? '')
    const mode = option(given, 'mode', modeFrom)
    const qbytes = option(given, 'qbytes', (option, text) => countFrom(option, text, 0))
    if (['owner', 'mode', 'qbytes'].every((option) => given.options[option] === undefined)) {
      throw new UsageError('set needs something to change', 'give --owner, --mode or --qbytes')
    }

    const namespace = await openNamespace()
    const msqid = await findQueue(namespace, name)
    const before = await statOf(namespace, msqid)
    await namespace.msgctl(msqid, IPC_SET, {
      perm: { ...before.perm, ...owner, ...(mode !== undefined && { mode }) },
      qbytes: qbytes ?? before.qbytes,
    })
    const stat = await statOf(namespace, msqid)
    if (output.isJson) return output.json(queueJson({ msqid, stat }))
    const users = new Users()
    const { uid, gid, mode: now } = stat.perm
    await output.note(
      `queue ${msqid}: owner ${users.user(uid)}:${users.group(gid)}, mode ${modeOf(now)}, qbytes ${stat.qbytes}`,
    )
  },
}
