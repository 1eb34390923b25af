import { INT_MAX, MSG_INFO } from '../../abi/index.ts'
import { option } from '../arguments.ts'
import type { Arguments, Command } from '../command.ts'
import { countFrom } from '../numbers.ts'
import { tableLines } from '../table.ts'
import { sizeOf } from '../words.ts'

/** `msgq limits` */
export const limits: Command = {
  name: 'limits',
  summary: 'show or set msgmax, msgmnb, msgmni; what is in use',
  operands: '',
  operandCount: { least: 0, most: 0 },
  options: {
    msgmax: { type: 'string', value: 'N', help: 'most bytes of one message' },
    msgmnb: { type: 'string', value: 'N', help: 'qbytes of a new queue; those that exist stay as they are' },
    msgmni: { type: 'string', value: 'N', help: 'most queues' },
    'next-id': { type: 'string', value: 'N', help: 'the id that the next new queue gets (msg_next_id)' },
  },
  alsoKnownAs: ['limit', 'sysctl'],
  details: `Prints the namespace's limits and how much of it is in use; first sets those that are named, all or none of them.
The kernel's are set for the whole IPC namespace and need root; they are gone after a reboot, unless /etc/sysctl.d
has them too. next_id is msg_next_id, the id that the next new queue asks for; -1 when none is pending.`,
  examples: [
    { command: 'msgq -n linux: limits', does: "the kernel's" },
    { command: 'msgq -n linux: limits --msgmax 65536 --msgmnb 1048576', does: 'longer messages, larger new queues' },
    { command: 'msgq -n linux: limits --json | jq .msgmax', does: 'most bytes that one message may have' },
  ],
  async run(given, { output, openNamespace }) {
    const wanted = limitsFrom(given)
    const wantedId = option(given, 'next-id', (name, text) => countFrom(name, text, 0, INT_MAX))
    const namespace = await openNamespace()
    if (Object.keys(wanted).length > 0) await namespace.setLimits(wanted)
    if (wantedId !== undefined) await namespace.setNextId(wantedId)
    const { msgmax, msgmnb, msgmni } = await namespace.limits()
    const nextId = await namespace.nextId()
    const { pool: queues, map: messages, tql: bytes } = (await namespace.msgctl(0, MSG_INFO)).info
    if (output.isJson) return output.json({ msgmax, msgmnb, msgmni, next_id: nextId, queues, messages, bytes })
    const rows = [
      ['msgmax', msgmax, sized('most bytes of one message', msgmax)],
      ['msgmnb', msgmnb, sized('qbytes of a new queue', msgmnb)],
      ['msgmni', msgmni, 'most queues'],
      ['next_id', nextId, nextId === -1 ? 'none pending' : 'id of the next new queue'],
      ['queues', queues, 'in use'],
      ['messages', messages, 'in use'],
      ['bytes', bytes, sized('in use', bytes)],
    ].map((row) => row.map(String))
    await output.lines(...tableLines(COLUMNS, rows, output.style))
  },
}

/** Beyond a kilobyte with the size as people say it. */
function sized(meaning: string, bytes: number): string {
  return bytes < 1024 ? meaning : `${meaning} (${sizeOf(bytes)})`
}

/** The kernel has its own bounds below these: EINVAL. Source: ipc/ipc_sysctl.c. */
function limitsFrom(given: Arguments): { msgmax?: number; msgmnb?: number; msgmni?: number } {
  const read = (name: string, text: string) => countFrom(name, text, 0, INT_MAX)
  const entries = (['msgmax', 'msgmnb', 'msgmni'] as const).flatMap((name) => {
    const limit = option(given, name, read)
    return limit === undefined ? [] : [[name, limit] as const]
  })
  return Object.fromEntries(entries)
}

const COLUMNS = [
  { heading: 'name', align: 'left' },
  { heading: 'value', align: 'right' },
  { heading: 'meaning', align: 'left' },
] as const
