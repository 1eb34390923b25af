import { useRef, useState } from 'preact/hooks'
import type { MessageSeen } from '../view/index.ts'
import type { Rows } from './virtual-list.tsx'

/** Rows, or why there are none. */
export interface Pages extends Rows {
  readonly problem: string | undefined
}

/** Rows that are asked for at a time. */
const PAGE_ROWS = 100
/** Pages that are kept; the others are asked for again. */
const PAGES_MAX = 30

type Load = (first: number, count: number) => Promise<{ readonly messages: readonly MessageSeen[] }>

/** Pages of messages by index, asked for when they come into sight, and again when `state` says that they have changed. */
export function usePages(load: Load, state: string): Pages {
  const pages = useRef(new Map<number, readonly MessageSeen[]>())
  const [, setDrawn] = useState(0)
  const [problem, setProblem] = useState<string>()
  const fresh = useRef(new Map<number, string>())
  const want = (first: number, last: number) => {
    for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(last / PAGE_ROWS); page++) {
      if (fresh.current.get(page) === state) continue
      fresh.current.set(page, state)
      load(page * PAGE_ROWS, PAGE_ROWS).then(
        ({ messages }) => {
          pages.current.delete(page)
          pages.current.set(page, messages)
          const [oldest] = pages.current.keys()
          if (pages.current.size > PAGES_MAX && oldest !== undefined) {
            pages.current.delete(oldest)
            fresh.current.delete(oldest)
          }
          setProblem(undefined)
          setDrawn((drawn) => drawn + 1)
        },
        (error: Error) => {
          // Asked again when the list is drawn next.
          fresh.current.delete(page)
          setProblem(error.message)
        },
      )
    }
  }
  return { at: (index) => pages.current.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS], want, problem }
}
