import { IPC_RMID } from '../../abi/index.ts'
import type { Command } from '../command.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import { statOf } from '../queues.ts'
import { bytesOf, count } from '../words.ts'

/** `msgq rm QUEUE…` */
export const rm: Command = {
  name: 'rm',
  summary: 'remove queues, and what is on them',
  operands: 'QUEUE...',
  operandCount: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {},
  alsoKnownAs: ['remove', 'delete', 'del', 'ipcrm', 'destroy'],
  details: `Removes queues with their messages, at once and for good; programs that wait on one get EIDRM. Every queue is
looked up first: if one of them is not there, none is removed. What was removed is told on standard error.`,
  examples: [
    { command: 'msgq -n linux: rm 3', does: 'by id' },
    { command: 'msgq -n linux: rm 0x4d5347 4 5', does: 'by key and by id, several at once' },
    { command: 'msgq -n linux: checkpoint saved && msgq -n linux: rm 3', does: 'saved first' },
  ],
  async run({ operands }, { output, openNamespace }) {
    const names = operands.map(queueNameFrom)
    const namespace = await openNamespace()
    const msqids = new Set<number>()
    for (const name of names) {
      const msqid = await findQueue(namespace, name)
      await statOf(namespace, msqid)
      msqids.add(msqid)
    }
    for (const msqid of msqids) {
      const { qnum, cbytes } = await statOf(namespace, msqid)
      await namespace.msgctl(msqid, IPC_RMID)
      if (output.isJson) await output.json({ msqid, qnum, cbytes })
      else await output.note(`removed queue ${msqid} (${count(qnum, 'message')}, ${bytesOf(cbytes)})`)
    }
  },
}
