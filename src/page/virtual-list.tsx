import { useEffect, useRef, useState } from 'preact/hooks'
import type { MessageSeen } from '../view/index.ts'
import { lineOf } from './payload.ts'

const ROW_PX = 28
const HEIGHT_PX_MAX = 420
/** A list of few messages is no empty field. */
const HEIGHT_PX_LEAST = 5 * ROW_PX
/** Browsers draw no element that is taller than some 16 million pixels; above this the scroll bar counts in larger steps. */
const SPACE_PX_MAX = 8_000_000

/** Where rows come from. */
export interface Rows {
  /** A row that is there; `undefined` while it is not. */
  readonly at: (index: number) => MessageSeen | undefined
  /** These are in sight. */
  readonly want: (first: number, last: number) => void
}

interface ListProps {
  readonly total: number
  /** The index of the first row, where the list is a stretch of a queue. */
  readonly from?: number
  readonly rows: Rows
  readonly chosen: MessageSeen | undefined
  readonly onChoose: (message: MessageSeen) => void
}

/** A list of any length, of which only what is in sight is drawn. */
export function VirtualList({ total, from = 0, rows, chosen, onChoose }: ListProps) {
  const box = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [active, setActive] = useState(0)
  const height = Math.min(HEIGHT_PX_MAX, Math.max(HEIGHT_PX_LEAST, total * ROW_PX))
  const rowsInSight = Math.ceil(height / ROW_PX)
  const space = Math.min(total * ROW_PX, SPACE_PX_MAX)
  const scrollable = Math.max(1, space - height)
  const lastFirst = Math.max(0, total - rowsInSight + 1)
  const first = Math.min(lastFirst, Math.floor((Math.min(top, scrollable) / scrollable) * lastFirst))
  const last = Math.min(total - 1, first + rowsInSight)
  useEffect(() => {
    if (total > 0) rows.want(first, last)
  })
  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: rowsInSight,
      PageUp: -rowsInSight,
      Home: -total,
      End: total,
    }
    const step = steps[event.key]
    if (event.key === 'Enter') {
      const message = rows.at(active)
      if (message !== undefined) onChoose(message)
    }
    if (step === undefined || total === 0) return
    event.preventDefault()
    const next = Math.min(total - 1, Math.max(0, active + step))
    setActive(next)
    const isInSight = next >= first && next < first + rowsInSight - 1
    const wanted = next < first ? next : next - rowsInSight + 2
    if (!isInSight && box.current !== null) box.current.scrollTop = (wanted / Math.max(1, lastFirst)) * scrollable
  }
  const shown = Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset)
  const activeId = shown.includes(active) ? `row-${active}` : undefined
  return (
    <div class="list">
      <div class="list-head" aria-hidden="true">
        <span>index</span>
        <span>type</span>
        <span>bytes</span>
        <span>payload</span>
      </div>
      {total === 0 && <p class="empty">There is no message.</p>}
      <div
        class="rows"
        ref={box}
        role="listbox"
        aria-label="Messages, oldest first"
        aria-activedescendant={activeId}
        tabIndex={0}
        style={{ height: `${height}px` }}
        onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
        onKeyDown={move}
      >
        <div role="presentation" style={{ height: `${space}px` }}>
          <div role="presentation" class="window" style={{ height: `${height}px` }}>
            {shown.map((index) => {
              const message = rows.at(index)
              const isChosen = message !== undefined && chosen !== undefined && isSame(message, chosen)
              return (
                <div
                  key={index}
                  id={`row-${index}`}
                  class={`row ${index === active ? 'active' : ''}`}
                  role="option"
                  aria-selected={isChosen}
                  aria-posinset={index + 1}
                  aria-setsize={total}
                  onClick={() => {
                    setActive(index)
                    if (message !== undefined) onChoose(message)
                  }}
                >
                  <span class="quiet">{(message?.index ?? from + index).toLocaleString('en')}</span>
                  <span title={message?.type}>{message?.type ?? '…'}</span>
                  <span>{message?.bytes ?? ''}</span>
                  <code>{message === undefined ? '' : lineOf(message.head)}</code>
                </div>
              )
            })}
          </div>
        </div>
      </div>
    </div>
  )
}

function isSame(one: MessageSeen, other: MessageSeen): boolean {
  return one.sequence === undefined ? one.index === other.index : one.sequence === other.sequence
}
