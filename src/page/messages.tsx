import { useEffect, useState } from 'preact/hooks'
import type { About, MessageSeen, PageSource, QueueSeen, WholeMessage } from '../view/index.ts'
import { MessageDetail } from './message-detail.tsx'
import { usePages } from './use-pages.ts'
import { useScan } from './use-scan.ts'
import { type Rows, VirtualList } from './virtual-list.tsx'
import { count } from './words.ts'

/** Where copies are made by index, each walks the list under the queue's lock: no more than this are listed. */
const BY_INDEX_MAX = 10_000
/** Types that the chart shows, the most frequent. */
const TYPES_MAX = 12

interface MessagesProps {
  readonly source: PageSource
  readonly about: About
  readonly queue: QueueSeen
  readonly chosen: MessageSeen | undefined
  readonly onChoose: (message: MessageSeen) => void
}

/** The messages of a queue, copied and never taken. */
export function Messages({ source, about, queue, chosen, onChoose }: MessagesProps) {
  const { msqid, qnum } = queue
  const [type, setType] = useState('')
  const [text, setText] = useState('')
  const scan = useScan(source, msqid)
  const rows = usePages(
    (first, rows) => source.call('page', { msqid, first, count: rows }),
    `${qnum} ${queue.stime} ${queue.rtime}`,
  )
  const [whole, setWhole] = useState<WholeMessage>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    if (chosen === undefined) return
    const { sequence, index } = chosen
    const place = { ...(sequence !== undefined && { sequence }), ...(index !== undefined && { index }) }
    setProblem(undefined)
    source.call('message', { msqid, place }).then(setWhole, (error: Error) => setProblem(error.message))
  }, [source, msqid, chosen])
  const canPage = about.capabilities.copy === 'index'
  const isScanned = scan.filter !== undefined
  const total = isScanned ? scan.messages.length : Math.min(qnum, about.capabilities.cursors ? qnum : BY_INDEX_MAX)
  const scanned: Rows = { at: (index) => scan.messages[index], want: () => undefined }
  if (about.capabilities.copy === 'none') return <p class="quiet">This namespace cannot copy messages.</p>
  return (
    <section class="card" aria-label="Messages">
      <form
        class="toolbar"
        onSubmit={(event) => {
          event.preventDefault()
          scan.start({ type: type.trim(), text })
        }}
      >
        <h3>
          Messages <span class="quiet">copied, never taken</span>
        </h3>
        <label>
          <span class="sr">Type</span>
          <input
            class="short"
            placeholder="type"
            inputMode="numeric"
            value={type}
            onInput={({ currentTarget }) => setType(currentTarget.value)}
          />
        </label>
        <label>
          <span class="sr">Text in the payload</span>
          <input
            placeholder="text in the payload"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <button type="submit">{type.trim() === '' && text === '' ? 'Count by type' : 'Filter'}</button>
        {isScanned && (
          <button type="button" onClick={scan.clear}>
            Show all
          </button>
        )}
      </form>
      {isScanned && (
        <p class="quiet" role="status">
          {scan.isRunning ? 'looking through' : 'looked through'} {count(scan.scanned, 'message')},{' '}
          {count(scan.matched, 'match').replace('matchs', 'matches')}
          {scan.matched > scan.messages.length &&
            `, the first ${count(scan.messages.length, 'match').replace('matchs', 'matches')} listed`}
          {scan.problem !== undefined && `: ${scan.problem}`}
        </p>
      )}
      {isScanned && <TypeCounts counts={scan.counts} />}
      {!isScanned && qnum > total && (
        <p class="quiet">
          The oldest {total.toLocaleString('en')}: the kernel walks its list under a lock for each copy.
        </p>
      )}
      <div class="split">
        {canPage || isScanned ? (
          <VirtualList total={total} rows={isScanned ? scanned : rows} chosen={chosen} onChoose={onChoose} />
        ) : (
          <p class="quiet">
            Copies by index would move this namespace's copy counters: filter, or count by type, to read with a cursor.
          </p>
        )}
        <div class="beside" aria-live="polite">
          {problem !== undefined && <p class="problem">{problem}</p>}
          {problem === undefined && whole === undefined && <p class="quiet">Choose a message to see all of it.</p>}
          {problem === undefined && whole !== undefined && (
            <MessageDetail key={`${whole.sequence}-${whole.index}`} message={whole} />
          )}
        </div>
      </div>
    </section>
  )
}

/** How many messages of each type, as bars. */
function TypeCounts({ counts }: { readonly counts: Readonly<Record<string, number>> }) {
  const types = Object.entries(counts).sort(([, one], [, other]) => other - one)
  const most = types[0]?.[1] ?? 1
  return (
    <ul class="counts" aria-label="Messages by type">
      {types.slice(0, TYPES_MAX).map(([type, number]) => (
        <li key={type}>
          <span>type {type}</span>
          <span class="bar" aria-hidden="true">
            <span style={{ width: `${(number / most) * 100}%` }} />
          </span>
          <span>{number.toLocaleString('en')}</span>
        </li>
      ))}
      {types.length > TYPES_MAX && <li class="quiet">and {count(types.length - TYPES_MAX, 'other type')}</li>}
    </ul>
  )
}
