import type {
  CallAnswers,
  CallParameters,
  ImageFile,
  ImageSeen,
  PageSource,
  QueueSeen,
  Seen,
} from '../../view/index.ts'
import type { SeenEvent } from '../seen-event.ts'

/** The namespace of the server that this page came from. */
export class HttpSource implements PageSource {
  readonly checkpointUrl = 'api/checkpoint'

  async call<Name extends keyof CallParameters>(
    name: Name,
    parameters: CallParameters[Name],
  ): Promise<CallAnswers[Name]> {
    return this.#post(name, JSON.stringify(parameters))
  }

  upload(files: readonly ImageFile[]): Promise<ImageSeen> {
    const query = new URLSearchParams(
      files.flatMap(({ name, size }) => [
        ['name', name],
        ['size', String(size)],
      ]),
    )
    return this.#post(`upload?${query}`, new Blob([...files]))
  }

  subscribe(onSeen: (seen: Seen) => void, onLost: (why: string | undefined) => void): () => void {
    const events = new EventSource('api/events')
    let queues = new Map<number, QueueSeen>()
    // After a break the server tells everything again.
    events.addEventListener('open', () => {
      queues = new Map()
    })
    events.addEventListener('error', () =>
      onLost('msgq inspect does not answer: it was stopped, or the connection broke'),
    )
    events.addEventListener('lost', ({ data }) => onLost((JSON.parse(data) as { why: string }).why))
    events.addEventListener('seen', ({ data }) => {
      const { changed, removed, ...seen } = JSON.parse(data) as SeenEvent
      for (const msqid of removed) queues.delete(msqid)
      for (const queue of changed) queues.set(queue.msqid, queue)
      onLost(undefined)
      onSeen({ ...seen, queues: [...queues.values()] })
    })
    return () => events.close()
  }

  async #post<Answer>(path: string, body: string | Blob): Promise<Answer> {
    const response = await fetch(`api/${path}`, { method: 'POST', body })
    const isJson = response.headers.get('content-type') === 'application/json'
    if (!isJson) throw new Error((await response.text()).trim())
    const answer: unknown = await response.json()
    if (response.ok) return answer as Answer
    throw new Error((answer as { message: string }).message)
  }
}
