import { useState } from 'preact/hooks'
import { bytesWords, type ChoiceSeen, type ImageSeen, type PageSource, type PlanSeen } from '../view/index.ts'
import { Ask } from './ask.tsx'
import { count, originWords } from './words.ts'

interface RestoreProps {
  readonly source: PageSource
  readonly image: ImageSeen
}

type Way = 'refuse' | 'replace' | 'append' | 'new'

const WAYS: { readonly [Each in Way]: string } = {
  refuse: 'if no queue is in the way',
  replace: 'removing queues in the way',
  append: 'sending to queues in the way',
  new: 'with fresh ids, if no key is in the way',
}

/** Queues that are named one by one, before they are removed or because they cannot be restored; the others are counted. */
const NAMED_MAX = 50

/** Restores an image: first what it would do, then, when it was confirmed, that and nothing else. */
export function RestoreImage({ source, image }: RestoreProps) {
  const [way, setWay] = useState<Way>('refuse')
  const [plan, setPlan] = useState<PlanSeen>()
  const [word, setWord] = useState<string>()
  const choice: ChoiceSeen = way === 'new' ? { asNew: true } : { standing: way }
  const ask = () => {
    setWord(undefined)
    source
      .call('planRestore', { image: image.image, choice })
      .then(setPlan, (error: Error) => setWord(`${error.message}; nothing was done`))
  }
  return (
    <>
      <button type="button" onClick={ask}>
        Restore
      </button>
      <label>
        <span class="sr">How to restore</span>
        <select value={way} onChange={({ currentTarget }) => setWay(currentTarget.value as Way)}>
          {Object.entries(WAYS).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {word !== undefined && <span role="status">{word}</span>}
      {plan !== undefined && (
        <Ask
          title={`Restore image ${originWords(image)}?`}
          does={<PlanWords plan={plan} />}
          action={plan.replaced.length > 0 ? 'Remove and restore' : 'Restore it'}
          isDestructive={plan.replaced.length > 0}
          isImpossible={plan.conflicts.length > 0}
          onClose={() => setPlan(undefined)}
          run={async () => {
            const replaces = plan.replaced.map(({ msqid }) => msqid)
            const appends = plan.appended.map(({ to = 0 }) => to)
            const done = await source.call('restore', { image: image.image, choice, replaces, appends })
            setWord(doneWords(done))
          }}
        />
      )}
    </>
  )
}

function PlanWords({ plan: { restored, appended, replaced, conflicts } }: { readonly plan: PlanSeen }) {
  return (
    <>
      {conflicts.length > 0 && 'It cannot be restored so, and nothing was done:'}
      {conflicts.slice(0, NAMED_MAX).map((why) => (
        <span key={why} class="line">
          {why}
        </span>
      ))}
      {conflicts.length > NAMED_MAX && <span class="line">and {conflicts.length - NAMED_MAX} others</span>}
      {conflicts.length === 0 && `${sumWords(restored)} would be made`}
      {conflicts.length === 0 && restored[0]?.to === undefined && restored.length > 0 && ', with fresh ids'}
      {conflicts.length === 0 && appended.length > 0 && `; ${sumWords(appended)} would be sent to queues that stand`}
      {conflicts.length === 0 && '.'}
      {replaced.length > 0 && (
        <span class="danger-words">
          {' '}
          Removed for good, and calls that wait there get EIDRM:
          {replaced.slice(0, NAMED_MAX).map(({ msqid, messages, bytes }) => (
            <span key={msqid} class="line">
              queue {msqid} with its {count(messages, 'message')}, {bytesWords(bytes)}
            </span>
          ))}
          {replaced.length > NAMED_MAX && (
            <span class="line">and {count(replaced.length - NAMED_MAX, 'other queue')}</span>
          )}
        </span>
      )}
    </>
  )
}

function sumWords(placements: PlanSeen['restored']): string {
  const messages = placements.reduce((sum, each) => sum + each.messages, 0)
  return `${count(placements.length, 'queue')} with ${count(messages, 'message')}`
}

function doneWords({ restored, appended, replaced }: PlanSeen): string {
  const words = [`restored ${sumWords(restored)}`]
  if (appended.length > 0) words.push(`sent ${sumWords(appended)}`)
  if (replaced.length > 0) words.push(`removed ${count(replaced.length, 'queue')}`)
  return words.join(', ')
}
