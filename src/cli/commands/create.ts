import { IPC_CREAT, IPC_EXCL, IPC_PRIVATE, IPC_RMID, IPC_SET } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import { option } from '../arguments.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import { keyOrFtokFrom } from '../ftok.ts'
import { countFrom, modeFrom } from '../numbers.ts'
import { queueJson, statOf } from '../queues.ts'

const DEFAULT_MODE = 0o600

/** `msgq create` */
export const create: Command = {
  name: 'create',
  summary: 'make a queue; prints its id',
  operands: '',
  operandCount: { least: 0, most: 0 },
  options: {
    key: {
      type: 'string',
      short: 'k',
      value: 'K',
      help: 'its key: a number, or ftok:PATH:PROJ; if not given: IPC_PRIVATE',
    },
    mode: { type: 'string', short: 'm', value: 'MODE', help: 'its permission bits, octal; 600 if not given' },
    qbytes: { type: 'string', value: 'N', help: 'most bytes, and most messages, on it; msgmnb if not given' },
  },
  alsoKnownAs: ['new', 'make', 'mk', 'add', 'ipcmk', 'msgget'],
  details: `Makes a queue and prints its id. A key that a queue has already is an error (EEXIST). A queue without a key is
found by its id alone. qbytes above msgmnb needs CAP_SYS_RESOURCE; when it is refused, no queue is left behind.`,
  examples: [
    { command: 'msgq -n linux: create', does: 'a queue without a key, for you alone' },
    { command: 'msgq -n linux: create --key 0x4d5347 --mode 660', does: 'a queue for your group, found by its key' },
    { command: 'id=$(msgq -n linux: create --qbytes 65536)', does: 'a large one, its id in a variable' },
  ],
  async run(given, { output, openNamespace }) {
    const key = option(given, 'key', keyOrFtokFrom)
    const mode = option(given, 'mode', modeFrom) ?? DEFAULT_MODE
    const qbytes = option(given, 'qbytes', (name, text) => countFrom(name, text, 0))
    if (key === IPC_PRIVATE) throw new UsageError('key 0 is IPC_PRIVATE', 'leave --key out: the queue has no key then')

    const namespace = await openNamespace()
    const msqid = await namespace.msgget(key ?? IPC_PRIVATE, IPC_CREAT | IPC_EXCL | mode)
    if (qbytes !== undefined) await setQbytes(namespace, msqid, qbytes)
    if (output.isJson) return output.json(queueJson({ msqid, stat: await statOf(namespace, msqid) }))
    await output.lines(String(msqid))
  },
}

/** All or nothing: a queue that cannot be as large as asked is removed again. */
async function setQbytes(namespace: IpcNamespace, msqid: number, qbytes: number): Promise<void> {
  try {
    const { perm } = await statOf(namespace, msqid)
    await namespace.msgctl(msqid, IPC_SET, { perm, qbytes })
  } catch (error) {
    await namespace.msgctl(msqid, IPC_RMID)
    throw error
  }
}
