import type { ServerResponse } from 'node:http'
import type { NamespaceView, QueueSeen, Seen } from '../view/index.ts'
import type { SeenEvent } from './seen-event.ts'

/** How often the namespace is looked at. */
const SAMPLE_MS = 1000
/** Pages that are told; a browser opens six connections to one host. */
const SUBSCRIBERS_MAX = 16
/** A reader that has so much before it is told nothing more until it has read: what it misses is in what comes next. */
const UNREAD_BYTES_MAX = 256 * 1024

/** What a page was told of each queue, so that only what changed is told. */
interface Subscriber {
  readonly response: ServerResponse
  readonly told: Map<number, string>
}

/** Looks at the namespace every second, and tells every page by server-sent events. */
export class Subscribers {
  readonly #view: NamespaceView
  readonly #subscribers = new Set<Subscriber>()
  readonly #sampleMs: number
  #timer: NodeJS.Timeout | undefined
  #last: Seen | undefined
  #isClosed = false

  /** @param sampleMs How long after one look the next begins. */
  constructor(view: NamespaceView, sampleMs: number = SAMPLE_MS) {
    this.#view = view
    this.#sampleMs = sampleMs
    void this.#look()
  }

  /** @returns `false` when there are too many. */
  add(response: ServerResponse): boolean {
    if (this.#subscribers.size >= SUBSCRIBERS_MAX) return false
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    const subscriber = { response, told: new Map<number, string>() }
    this.#subscribers.add(subscriber)
    response.on('close', () => this.#subscribers.delete(subscriber))
    if (this.#last !== undefined) tell(subscriber, this.#last)
    return true
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const { response } of this.#subscribers) response.end()
  }

  async #look(): Promise<void> {
    try {
      this.#last = await this.#view.sample()
      for (const subscriber of this.#subscribers) tell(subscriber, this.#last)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      for (const { response } of this.#subscribers) write(response, 'lost', { why })
    }
    // One after the other: a namespace that answers slowly is asked less often.
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), this.#sampleMs)
  }
}

function tell({ response, told }: Subscriber, { queues, ...seen }: Seen): void {
  if (response.writableLength > UNREAD_BYTES_MAX) return
  const removed = new Set(told.keys())
  const changed: QueueSeen[] = []
  for (const queue of queues) {
    removed.delete(queue.msqid)
    const text = JSON.stringify(queue)
    if (told.get(queue.msqid) === text) continue
    told.set(queue.msqid, text)
    changed.push(queue)
  }
  for (const msqid of removed) told.delete(msqid)
  const event: SeenEvent = { ...seen, changed, removed: [...removed] }
  write(response, 'seen', event)
}

function write(response: ServerResponse, event: string, data: unknown): void {
  if (response.writableLength <= UNREAD_BYTES_MAX) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}
