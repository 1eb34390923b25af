import { useState } from 'preact/hooks'
import type { About, PageSource, QueueSeen } from '../view/index.ts'
import { Ask, Field, modeOf, whole } from './ask.tsx'
import { Bar } from './limits.tsx'
import { Sparkline } from './sparkline.tsx'
import type { Watched } from './use-seen.ts'
import { ageWords, bytesWords, count, modeWords } from './words.ts'

interface Column {
  readonly heading: string
  readonly isNumber: boolean
  /** Absent where the backend does not tell. */
  readonly isThere?: (about: About) => boolean
  readonly sortBy: (queue: QueueSeen) => number | string
}

/** The words of `msgq ls`, and what only a page can show. */
const COLUMNS: readonly Column[] = [
  { heading: 'key', isNumber: false, sortBy: ({ key }) => key },
  { heading: 'msqid', isNumber: true, sortBy: ({ msqid }) => msqid },
  { heading: 'owner', isNumber: false, sortBy: ({ owner }) => owner },
  { heading: 'perms', isNumber: false, sortBy: ({ mode }) => mode },
  { heading: 'messages', isNumber: true, sortBy: ({ qnum }) => qnum },
  { heading: 'used-bytes of qbytes', isNumber: true, sortBy: ({ cbytes, qbytes }) => cbytes / Math.max(1, qbytes) },
  {
    heading: 'sent/s',
    isNumber: true,
    isThere: ({ capabilities }) => capabilities.cursors,
    sortBy: ({ sent = -1 }) => sent,
  },
  {
    heading: 'received/s',
    isNumber: true,
    isThere: ({ capabilities }) => capabilities.cursors,
    sortBy: ({ received = -1 }) => received,
  },
  {
    heading: 'change/s',
    isNumber: true,
    isThere: ({ capabilities }) => !capabilities.cursors,
    sortBy: ({ change }) => change,
  },
  {
    heading: 'oldest',
    isNumber: true,
    isThere: ({ capabilities }) => capabilities.senders,
    sortBy: ({ oldest }) => -(oldest ?? Number.MAX_VALUE),
  },
  {
    heading: 'wait to send',
    isNumber: true,
    isThere: ({ capabilities }) => capabilities.waiting,
    sortBy: ({ sending = 0 }) => sending,
  },
  {
    heading: 'wait to receive',
    isNumber: true,
    isThere: ({ capabilities }) => capabilities.waiting,
    sortBy: ({ receiving = 0 }) => receiving,
  },
]

/** Rows that are drawn: nobody reads more, and a search finds the others. */
const ROWS_MAX = 300

interface TableProps {
  readonly source: PageSource
  readonly about: About
  readonly watched: Watched
}

/** The queues, live: sortable, searchable. */
export function NamespaceTable({ source, about, watched: { seen, depths } }: TableProps) {
  const [sort, setSort] = useState({ heading: 'msqid', isDown: false })
  const [search, setSearch] = useState('')
  const [isCreating, setCreating] = useState(false)
  if (seen === undefined) return null
  const columns = COLUMNS.filter(({ isThere }) => isThere?.(about) ?? true)
  const found = seen.queues.filter((queue) => isFound(queue, search)).sort(orderBy(sort))
  return (
    <section aria-label="Queues">
      <div class="toolbar">
        <label class="search">
          <span class="sr">Search by key, msqid or owner</span>
          <input
            type="search"
            placeholder="Search by key, msqid or owner"
            value={search}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </label>
        <span class="quiet" role="status">
          {count(found.length, 'queue')}
          {found.length > ROWS_MAX && `, the first ${ROWS_MAX} shown`}
        </span>
        {!about.readOnly && (
          <button type="button" onClick={() => setCreating(true)}>
            Make a queue
          </button>
        )}
      </div>
      <div class="scroll" role="region" aria-label="Table of queues" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map(({ heading, isNumber }) => {
                const isSorted = heading === sort.heading
                return (
                  <th
                    key={heading}
                    scope="col"
                    class={isNumber ? 'number' : ''}
                    aria-sort={isSorted ? (sort.isDown ? 'descending' : 'ascending') : undefined}
                  >
                    <button type="button" onClick={() => setSort({ heading, isDown: isSorted && !sort.isDown })}>
                      {heading}
                      <span aria-hidden="true">{isSorted ? (sort.isDown ? ' ↓' : ' ↑') : ''}</span>
                    </button>
                  </th>
                )
              })}
              <th scope="col">depth</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, ROWS_MAX).map((queue) => (
              <tr key={queue.msqid}>
                {columns.map(({ heading, isNumber }) => (
                  <td key={heading} data-heading={heading} class={isNumber ? 'number' : ''}>
                    <Cell heading={heading} queue={queue} time={seen.time} />
                  </td>
                ))}
                <td data-heading="depth">
                  <Sparkline
                    depths={depths.get(queue.msqid) ?? []}
                    label={`depth of queue ${queue.msqid}, now ${queue.qnum}`}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {found.length === 0 && (
          <p class="empty">
            {seen.queues.length === 0 ? 'There is no queue in this namespace.' : 'No queue is like that.'}
          </p>
        )}
      </div>
      {isCreating && (
        <Ask
          title="Make a queue"
          does="Key 0 is IPC_PRIVATE: a queue that no key finds. A key that is in use is refused."
          action="Make it"
          onClose={() => setCreating(false)}
          run={async (form) => {
            const { msqid } = await source.call('create', { key: whole(form, 'key'), mode: modeOf(form) })
            location.hash = `#queue-${msqid}`
          }}
        >
          <Field name="key" label="Key, decimal or 0x…" value="0" />
          <Field name="mode" label="Mode, octal" value="600" />
        </Ask>
      )}
    </section>
  )
}

function Cell({
  heading,
  queue,
  time,
}: {
  readonly heading: string
  readonly queue: QueueSeen
  readonly time: number
}) {
  const { msqid, key, owner, mode, cbytes, qnum, qbytes, sent, received, change, oldest, sending, receiving } = queue
  switch (heading) {
    case 'key':
      return (
        <a href={`#queue-${msqid}`}>
          <code>{key}</code>
        </a>
      )
    case 'msqid':
      return <>{msqid}</>
    case 'owner':
      return <>{owner}</>
    case 'perms':
      return <code>{modeWords(mode)}</code>
    case 'messages':
      return <>{qnum.toLocaleString('en')}</>
    case 'used-bytes of qbytes':
      return (
        <span class="used">
          <span>
            {bytesWords(cbytes)} <span class="quiet">of {bytesWords(qbytes)}</span>
          </span>
          <Bar
            share={Math.max(cbytes, qnum) / Math.max(1, qbytes)}
            label={`queue ${msqid}: ${cbytes} of ${qbytes} bytes`}
          />
        </span>
      )
    case 'sent/s':
      return <>{sent ?? '–'}</>
    case 'received/s':
      return <>{received ?? '–'}</>
    case 'change/s':
      return <>{change > 0 ? `+${change}` : change}</>
    case 'oldest':
      return <>{oldest === undefined ? '–' : ageWords(time - oldest)}</>
    case 'wait to send':
      return <>{sending || '–'}</>
    default:
      return <>{receiving || '–'}</>
  }
}

function isFound({ key, msqid, owner }: QueueSeen, search: string): boolean {
  const words = search.trim().toLowerCase()
  return words === '' || key.includes(words) || String(msqid) === words || owner.toLowerCase().includes(words)
}

function orderBy({ heading, isDown }: { readonly heading: string; readonly isDown: boolean }) {
  const { sortBy = ({ msqid }: QueueSeen) => msqid } = COLUMNS.find((each) => each.heading === heading) ?? {}
  return (one: QueueSeen, other: QueueSeen): number => {
    const [a, b] = [sortBy(one), sortBy(other)]
    const order = a < b ? -1 : a > b ? 1 : one.msqid - other.msqid
    return isDown ? -order : order
  }
}
