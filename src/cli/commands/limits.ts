import { MSG_INFO } from '../../abi/index.ts'
import type { Command } from '../command.ts'
import { tableLines } from '../table.ts'

/** `msgq limits` */
export const limits: Command = {
  name: 'limits',
  summary: 'msgmax, msgmnb, msgmni, and what is in use',
  operands: '',
  operandCount: { least: 0, most: 0 },
  options: {},
  alsoKnownAs: ['limit', 'sysctl'],
  details: `Prints the namespace's limits and how much of it is in use. The kernel's limits are set in /proc/sys/kernel:
\`sysctl kernel.msgmnb=65536\`; a new msgmnb is for queues made after it. next_id is msg_next_id, the id that the next
new queue asks for; -1 when none is pending.`,
  examples: [
    { command: 'msgq -n linux: limits', does: "the kernel's" },
    { command: 'msgq -n linux: limits --json | jq .msgmax', does: 'most bytes that one message may have' },
  ],
  async run(_, { output, openNamespace }) {
    const namespace = await openNamespace()
    const { msgmax, msgmnb, msgmni } = await namespace.limits()
    const nextId = await namespace.nextId()
    const { pool: queues, map: messages, tql: bytes } = (await namespace.msgctl(0, MSG_INFO)).info
    if (output.isJson) return output.json({ msgmax, msgmnb, msgmni, next_id: nextId, queues, messages, bytes })
    const rows = [
      ['msgmax', msgmax, 'most bytes of one message'],
      ['msgmnb', msgmnb, 'qbytes of a new queue'],
      ['msgmni', msgmni, 'most queues'],
      ['next_id', nextId, nextId === -1 ? 'none pending' : 'id of the next new queue'],
      ['queues', queues, 'in use'],
      ['messages', messages, 'in use'],
      ['bytes', bytes, 'in use'],
    ].map((row) => row.map(String))
    await output.lines(...tableLines(COLUMNS, rows, output.style))
  },
}

const COLUMNS = [
  { heading: 'name', align: 'left' },
  { heading: 'value', align: 'right' },
  { heading: 'meaning', align: 'left' },
] as const
