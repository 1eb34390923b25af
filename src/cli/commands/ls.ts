import type { Command } from '../command.ts'
import { allQueues, QUEUE_COLUMNS, queueJson, queueRow } from '../queues.ts'
import { tableLines } from '../table.ts'
import { Users } from '../users.ts'

/** `msgq ls` */
export const ls: Command = {
  name: 'ls',
  summary: 'list the queues: depth, limit, owner',
  operands: '',
  operandCount: { least: 0, most: 0 },
  options: {},
  alsoKnownAs: ['list', 'ipcs', 'lsipc', 'queues'],
  details: `Prints one line a queue in the words of \`ipcs -q\`, then qbytes, which limits both the bytes and the messages of
a queue, and how full the queue is. Needs no permission on the queues.`,
  examples: [
    { command: 'msgq -n linux: ls', does: "the kernel's queues" },
    { command: 'msgq -n linux:?pid=1234 ls', does: 'those that process 1234 sees, in its container' },
    { command: "msgq -n linux: ls --json | jq '.[] | select(.qnum > 0) | .msqid'", does: 'ids of those with messages' },
  ],
  async run(_, { output, openNamespace }) {
    const queues = await allQueues(await openNamespace())
    if (output.isJson) return output.json(queues.map(queueJson))
    const users = new Users()
    const rows = queues.map((queue) => queueRow(queue, users))
    await output.lines(...tableLines(QUEUE_COLUMNS, rows, output.style))
  },
}
