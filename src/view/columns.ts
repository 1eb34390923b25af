import type { Capabilities } from '../contract/index.ts'
import type { QueueSeen } from './seen.ts'
import { ageWords, bytesWords, modeWords, NONE, shareOf } from './words.ts'

/** One column of a table of queues. */
export interface QueueColumn {
  /** One word, to sort by. */
  readonly name: string
  readonly heading: string
  readonly isNumber: boolean
  /** Absent where the backend does not tell. */
  readonly isThere?: (capabilities: Capabilities) => boolean
  readonly sortBy: (queue: QueueSeen) => number | string
  /** @param time When the queue was seen, milliseconds. */
  readonly words: (queue: QueueSeen, time: number) => string
}

/** The words of `msgq ls`, and what only looking again and again can show. */
export const QUEUE_COLUMNS: readonly QueueColumn[] = [
  { name: 'key', heading: 'key', isNumber: false, sortBy: ({ key }) => key, words: ({ key }) => key },
  {
    name: 'msqid',
    heading: 'msqid',
    isNumber: true,
    sortBy: ({ msqid }) => msqid,
    words: ({ msqid }) => String(msqid),
  },
  { name: 'owner', heading: 'owner', isNumber: false, sortBy: ({ owner }) => owner, words: ({ owner }) => owner },
  {
    name: 'perms',
    heading: 'perms',
    isNumber: false,
    sortBy: ({ mode }) => mode,
    words: ({ mode }) => modeWords(mode),
  },
  {
    name: 'messages',
    heading: 'messages',
    isNumber: true,
    sortBy: ({ qnum }) => qnum,
    words: ({ qnum }) => qnum.toLocaleString('en'),
  },
  {
    name: 'used',
    heading: 'used-bytes of qbytes',
    isNumber: true,
    sortBy: shareOf,
    words: ({ cbytes, qbytes }) => `${bytesWords(cbytes)} of ${bytesWords(qbytes)}`,
  },
  {
    name: 'sent',
    heading: 'sent/s',
    isNumber: true,
    isThere: ({ cursors }) => cursors,
    sortBy: ({ sent = -1 }) => sent,
    words: ({ sent }) => String(sent ?? NONE),
  },
  {
    name: 'received',
    heading: 'received/s',
    isNumber: true,
    isThere: ({ cursors }) => cursors,
    sortBy: ({ received = -1 }) => received,
    words: ({ received }) => String(received ?? NONE),
  },
  {
    name: 'change',
    heading: 'change/s',
    isNumber: true,
    isThere: ({ cursors }) => !cursors,
    sortBy: ({ change }) => change,
    words: ({ change }) => (change > 0 ? `+${change}` : String(change)),
  },
  {
    name: 'oldest',
    heading: 'oldest',
    isNumber: true,
    isThere: ({ senders }) => senders,
    sortBy: ({ oldest }) => -(oldest ?? Number.MAX_VALUE),
    words: ({ oldest }, time) => (oldest === undefined ? NONE : ageWords(time - oldest)),
  },
  {
    name: 'sending',
    heading: 'wait to send',
    isNumber: true,
    isThere: ({ waiting }) => waiting,
    sortBy: ({ sending = 0 }) => sending,
    words: ({ sending }) => String(sending || NONE),
  },
  {
    name: 'receiving',
    heading: 'wait to receive',
    isNumber: true,
    isThere: ({ waiting }) => waiting,
    sortBy: ({ receiving = 0 }) => receiving,
    words: ({ receiving }) => String(receiving || NONE),
  },
]

/** Those that a namespace can fill. */
export function columnsThere(capabilities: Capabilities): QueueColumn[] {
  return QUEUE_COLUMNS.filter(({ isThere }) => isThere?.(capabilities) ?? true)
}

/** By which column's values queues stand. */
export interface QueueOrder {
  readonly name: string
  readonly isDown: boolean
}

/** For `sort`; what is alike stands by msqid. */
export function byOrder({ name, isDown }: QueueOrder): (one: QueueSeen, other: QueueSeen) => number {
  const { sortBy = ({ msqid }: QueueSeen) => msqid } = QUEUE_COLUMNS.find((each) => each.name === name) ?? {}
  return (one, other) => {
    const [a, b] = [sortBy(one), sortBy(other)]
    if (a === b) return one.msqid - other.msqid
    return a < b === isDown ? 1 : -1
  }
}
