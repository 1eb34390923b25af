import { type DiffSeen, fieldWords, type ImageSeen, type QueueDiffSeen } from '../view/index.ts'
import { lineOf } from './payload.ts'
import { count, originWords } from './words.ts'

const SIGNS = { added: '+', taken: '−', changed: '~' } as const

interface DiffProps {
  readonly before: ImageSeen
  readonly after: ImageSeen
  readonly diff: DiffSeen
}

/** What was added, taken and changed from one image to another. */
export function ImageDiffView({ before, after, diff: { fields, queues } }: DiffProps) {
  const isSame = fields.length === 0 && queues.length === 0
  return (
    <section class="card" aria-label="Comparison">
      <h3>
        From {originWords(before)} to {originWords(after)}
      </h3>
      {isSame && <p role="status">The two are the same.</p>}
      <Fields fields={fields} />
      {queues.map((queue) => (
        <QueueDiff key={queue.msqid} queue={queue} />
      ))}
    </section>
  )
}

function QueueDiff({ queue: { change, msqid, key, fields, counts, messages } }: { readonly queue: QueueDiffSeen }) {
  const all = counts.added + counts.taken + counts.changed
  return (
    <article class="diff" aria-label={`Queue ${msqid} ${change}`}>
      <h4>
        <span class={change}>{SIGNS[change]}</span> queue {msqid} <code>{key}</code> {change}
        <span class="quiet">
          {' '}
          · {count(counts.added, 'message')} added, {counts.taken} taken, {counts.changed} changed
        </span>
      </h4>
      <Fields fields={fields} />
      <ul>
        {messages.map(({ change, message }) => (
          <li key={`${change} ${message.index}`} class={change}>
            {SIGNS[change]} [{message.index}] type {message.type}, {count(message.bytes, 'byte')}{' '}
            <code>{lineOf(message.head)}</code>
          </li>
        ))}
      </ul>
      {all > messages.length && <p class="quiet">and {count(all - messages.length, 'other message')}</p>}
    </article>
  )
}

function Fields({ fields }: Pick<DiffSeen, 'fields'>) {
  return (
    <ul>
      {fields.map(({ field, before, after }) => (
        <li key={field} class="changed">
          ~ {field}: {fieldWords(field, before)} → {fieldWords(field, after)}
        </li>
      ))}
    </ul>
  )
}
