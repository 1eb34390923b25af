import { useEffect, useState } from 'preact/hooks'
import type { About, MessageSeen, PageSource, QueueSeen, WholeMessage } from '../view/index.ts'
import { MessageDetail } from './message-detail.tsx'
import { usePages } from './use-pages.ts'
import { type Scan, useScan } from './use-scan.ts'
import { type Rows, VirtualList } from './virtual-list.tsx'
import { count } from './words.ts'

/** Where copies are made by index, each walks the list under the queue's lock: so many are read at a time. */
const STRETCH = 10_000
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
  const [wanted, setWanted] = useState(0)
  const scan = useScan(source, msqid)
  const pages = usePages(
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
  // A queue that was emptied meanwhile has fewer stretches.
  const lastFrom = about.capabilities.cursors ? 0 : Math.floor(Math.max(0, qnum - 1) / STRETCH) * STRETCH
  const from = Math.min(wanted, lastFrom)
  const inStretch = about.capabilities.cursors ? qnum : Math.min(STRETCH, qnum - from)
  const go = (next: number) => {
    scan.clear()
    setWanted(next)
  }
  const total = isScanned ? scan.messages.length : inStretch
  const rows: Rows = {
    at: (index) => pages.at(from + index),
    want: (first, last) => pages.want(from + first, from + last),
  }
  const scanned: Rows = { at: (index) => scan.messages[index], want: () => undefined }
  if (about.capabilities.copy === 'none') return <p class="quiet">This namespace cannot copy messages.</p>
  return (
    <section class="card" aria-label="Messages">
      <form
        class="toolbar"
        onSubmit={(event) => {
          event.preventDefault()
          const filter = { type: type.trim(), text }
          scan.start(filter, about.capabilities.cursors ? undefined : { from, before: from + STRETCH })
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
      {lastFrom > 0 && <Stretch from={from} lastFrom={lastFrom} qnum={qnum} count={inStretch} onGo={go} />}
      {isScanned && <ScanState scan={scan} />}
      {isScanned && <TypeCounts counts={scan.counts} />}
      {!isScanned && pages.problem !== undefined && (
        <p class="problem" role="alert">
          {pages.problem}
        </p>
      )}
      <div class="split">
        {canPage || isScanned ? (
          <VirtualList
            key={from}
            total={total}
            from={from}
            rows={isScanned ? scanned : rows}
            chosen={chosen}
            onChoose={onChoose}
          />
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

interface StretchProps {
  readonly from: number
  readonly lastFrom: number
  readonly qnum: number
  readonly count: number
  readonly onGo: (from: number) => void
}

/** Which stretch of a long queue is listed and looked through, and the ones beside it. */
function Stretch({ from, lastFrom, qnum, count: listed, onGo }: StretchProps) {
  const words = (index: number) => index.toLocaleString('en')
  return (
    <p class="toolbar stretch">
      <span class="quiet" role="status">
        Index {words(from)} to {words(from + listed - 1)} of {count(qnum, 'message')}: each copy walks the list under
        the queue's lock, so {words(STRETCH)} are read at a time.
      </span>
      <button type="button" disabled={from === 0} onClick={() => onGo(from - STRETCH)}>
        Older {words(STRETCH)}
      </button>
      <button type="button" disabled={from >= lastFrom} onClick={() => onGo(from + STRETCH)}>
        Newer {words(STRETCH)}
      </button>
    </p>
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

/** How far it has looked, and what it has found. */
function ScanState({ scan }: { readonly scan: Scan }) {
  return (
    <p class="quiet" role="status">
      {scan.isRunning ? 'looking through' : 'looked through'} {count(scan.scanned, 'message')},{' '}
      {count(scan.matched, 'match').replace('matchs', 'matches')}
      {scan.matched > scan.messages.length &&
        `, the first ${count(scan.messages.length, 'match').replace('matchs', 'matches')} listed`}
      {scan.problem !== undefined && `: ${scan.problem}`}
    </p>
  )
}
