import { useState } from 'preact/hooks'
import { type About, bytesWords, type PageSource, type Seen, shareOf } from '../view/index.ts'
import { Ask, Field, whole } from './ask.tsx'
import { count } from './words.ts'

interface LimitsProps {
  readonly source: PageSource
  readonly about: About
  readonly seen: Seen
}

/** The namespace's limits, and how near each is. */
export function Limits({ source, about, seen: { limits, queues } }: LimitsProps) {
  const [isAsking, setAsking] = useState(false)
  const [problem, setProblem] = useState<string>()
  const save = () => source.saveCheckpoint?.().catch((error: Error) => setProblem(error.message))
  const messages = queues.reduce((sum, { qnum }) => sum + qnum, 0)
  const bytes = queues.reduce((sum, { cbytes }) => sum + cbytes, 0)
  const fullest = queues.reduce((most, queue) => Math.max(most, shareOf(queue)), 0)
  return (
    <section class="tiles" aria-label="Limits">
      <Tile
        name="queues"
        value={queues.length.toLocaleString('en')}
        of={`of ${limits.msgmni.toLocaleString('en')} (msgmni)`}
        share={queues.length / Math.max(1, limits.msgmni)}
      />
      <Tile name="messages" value={messages.toLocaleString('en')} of={`${bytesWords(bytes)} in all`} />
      <Tile name="fullest queue" value={`${Math.floor(fullest * 100)} %`} of="of its qbytes" share={fullest} />
      <Tile name="msgmax" value={bytesWords(limits.msgmax)} of="longest message" />
      <Tile name="msgmnb" value={bytesWords(limits.msgmnb)} of="qbytes of a new queue" />
      {!about.readOnly && (
        <div class="tile-actions">
          <button type="button" onClick={() => setAsking(true)}>
            Change limits
          </button>
          {source.checkpointUrl !== undefined && (
            <a class="button" href={source.checkpointUrl} download>
              Checkpoint
            </a>
          )}
          {source.saveCheckpoint !== undefined && (
            <button type="button" onClick={save}>
              Checkpoint
            </button>
          )}
          {problem !== undefined && (
            <p class="problem" role="alert">
              {problem}
            </p>
          )}
        </div>
      )}
      {isAsking && (
        <Ask
          title="Change the limits"
          does={`Of the whole namespace, at once. ${count(queues.length, 'queue')} that stand keep their qbytes.`}
          action="Change limits"
          onClose={() => setAsking(false)}
          run={(form) =>
            source.call('setLimits', {
              msgmax: whole(form, 'msgmax'),
              msgmnb: whole(form, 'msgmnb'),
              msgmni: whole(form, 'msgmni'),
            })
          }
        >
          <Field name="msgmax" label="msgmax, bytes of the longest message" value={limits.msgmax} />
          <Field name="msgmnb" label="msgmnb, qbytes of a new queue" value={limits.msgmnb} />
          <Field name="msgmni" label="msgmni, most queues" value={limits.msgmni} />
        </Ask>
      )}
    </section>
  )
}

function Tile({
  name,
  value,
  of,
  share,
}: {
  readonly name: string
  readonly value: string
  readonly of: string
  readonly share?: number
}) {
  return (
    <div class="tile">
      <span class="name">{name}</span>
      <strong>{value}</strong>
      <span class="quiet">{of}</span>
      {share !== undefined && <Bar share={share} label={`${name}: ${Math.floor(share * 100)} percent`} />}
    </div>
  )
}

/** How full something is. */
export function Bar({ share, label }: { readonly share: number; readonly label: string }) {
  const percent = Math.min(100, share * 100)
  const level = percent >= 90 ? 'full' : percent >= 70 ? 'near' : ''
  return (
    <span
      class={`bar ${level}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(percent)}
    >
      <span style={{ width: `${percent}%` }} />
    </span>
  )
}
