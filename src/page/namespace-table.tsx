import { useState } from 'preact/hooks'
import {
  type About,
  byOrder,
  bytesWords,
  columnsThere,
  type PageSource,
  type QueueColumn,
  type QueueSeen,
  shareOf,
} from '../view/index.ts'
import { Ask, Field, modeOf, whole } from './ask.tsx'
import { Bar } from './limits.tsx'
import { Sparkline } from './sparkline.tsx'
import type { Watched } from './use-seen.ts'
import { count } from './words.ts'

/** Rows that are drawn: nobody reads more, and a search finds the others. */
const ROWS_MAX = 300

interface TableProps {
  readonly source: PageSource
  readonly about: About
  readonly watched: Watched
}

/** The queues, live: sortable, searchable. */
export function NamespaceTable({ source, about, watched: { seen, depths } }: TableProps) {
  const [sort, setSort] = useState({ name: 'msqid', isDown: false })
  const [search, setSearch] = useState('')
  const [isCreating, setCreating] = useState(false)
  if (seen === undefined) return null
  const columns = columnsThere(about.capabilities)
  const found = seen.queues.filter((queue) => isFound(queue, search)).sort(byOrder(sort))
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
              {columns.map(({ name, heading, isNumber }) => {
                const isSorted = name === sort.name
                return (
                  <th
                    key={heading}
                    scope="col"
                    class={isNumber ? 'number' : ''}
                    aria-sort={isSorted ? (sort.isDown ? 'descending' : 'ascending') : undefined}
                  >
                    <button type="button" onClick={() => setSort({ name, isDown: isSorted && !sort.isDown })}>
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
                {columns.map((column) => (
                  <td key={column.name} data-heading={column.heading} class={column.isNumber ? 'number' : ''}>
                    <Cell column={column} queue={queue} time={seen.time} />
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

/** A value in its column's words, and what only a page can add to them. */
function Cell({
  column,
  queue,
  time,
}: {
  readonly column: QueueColumn
  readonly queue: QueueSeen
  readonly time: number
}) {
  const { msqid, key, cbytes, qbytes } = queue
  switch (column.name) {
    case 'key':
      return (
        <a href={`#queue-${msqid}`}>
          <code>{key}</code>
        </a>
      )
    case 'perms':
      return <code>{column.words(queue, time)}</code>
    case 'used':
      return (
        <span class="used">
          <span>
            {bytesWords(cbytes)} <span class="quiet">of {bytesWords(qbytes)}</span>
          </span>
          <Bar share={shareOf(queue)} label={`queue ${msqid}: ${cbytes} of ${qbytes} bytes`} />
        </span>
      )
    default:
      return <>{column.words(queue, time)}</>
  }
}

function isFound({ key, msqid, owner }: QueueSeen, search: string): boolean {
  const words = search.trim().toLowerCase()
  return words === '' || key.includes(words) || String(msqid) === words || owner.toLowerCase().includes(words)
}
