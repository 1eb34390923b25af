import { IPC_NOWAIT, MSG_NOERROR } from '../../abi/index.ts'
import { type IpcNamespace, SyscallError } from '../../contract/index.ts'
import { flag } from '../arguments.ts'
import type { Command } from '../command.ts'
import { formatOf, messageHeading, showMessage } from '../messages.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import { SELECTOR_OPTIONS, selectorFrom } from '../selection.ts'

/** The most that a message may have. */
const ANY_BYTES = 2 ** 31 - 1

/** `msgq watch QUEUE` */
export const watch: Command = {
  name: 'watch',
  summary: 'see new messages as they come, taking none',
  operands: 'QUEUE',
  operandCount: { least: 1, most: 1 },
  options: {
    ...SELECTOR_OPTIONS,
    all: { type: 'boolean', help: 'begin with the messages that are there' },
    raw: { type: 'boolean', help: 'print the payload alone, byte for byte, with nothing between messages' },
  },
  alsoKnownAs: ['tail', 'monitor'],
  details: `Copies each message that comes onto the queue and prints it, until the queue is removed or an interrupt. The
queue is untouched: whoever waits for a message gets it first or a moment later, and nothing of it changes. Needs a
namespace with cursors: a daemon's, not the kernel's.`,
  examples: [
    { command: 'msgq watch 0x4d5347', does: 'what is sent to it from now on' },
    { command: 'msgq watch 3 --all --type 7 --json', does: 'those of type 7, also those that are there' },
  ],
  async run(given, { output, openNamespace, interrupted }) {
    const [queueText = ''] = given.operands
    const name = queueNameFrom(queueText)
    const { msgtyp, msgflg } = selectorFrom(given)
    const format = formatOf(given, output)
    const namespace = await openNamespace()
    const msqid = await findQueue(namespace, name)
    let position = flag(given, 'all') ? 0 : await lastSequence(namespace, msqid)
    if (format === 'text') await output.lines(messageHeading(output, { index: false }))
    for (;;) {
      const message = await nextAfter(position)
      if (message === undefined) return
      position = message.sequence ?? position
      await showMessage(message, format, output)
    }

    /** `undefined` once the queue is removed. */
    async function nextAfter(sequence: number) {
      try {
        return await namespace.copyAfter(msqid, sequence, ANY_BYTES, msgtyp, msgflg, { signal: interrupted })
      } catch (error) {
        const isRemoved =
          error instanceof SyscallError && (error.code === 'EIDRM' || (sequence > 0 && error.code === 'EINVAL'))
        if (isRemoved) return undefined
        throw error
      }
    }
  },
}

/** The number of the newest message; their bytes are not asked for. @throws {BackendError} `ERR_MSGQ_UNSUPPORTED`. */
async function lastSequence(namespace: IpcNamespace, msqid: number): Promise<number> {
  for (let last = 0; ; ) {
    try {
      const { sequence = last } = await namespace.copyAfter(msqid, last, 0, 0, IPC_NOWAIT | MSG_NOERROR)
      last = sequence
    } catch (error) {
      if (error instanceof SyscallError && error.code === 'ENOMSG') return last
      throw error
    }
  }
}
