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
  refuse: 'all queues, or none',
  replace: 'remove those in the way',
  append: 'send to those in the way',
  new: 'with fresh ids',
}

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
      <button type="button" onClick={ask}>
        Restore
      </button>
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
      {conflicts.length > 0 && 'It cannot be restored so, and nothing was done: '}
      {conflicts.join('; ')}
      {conflicts.length === 0 && `${sumWords(restored)} would be made`}
      {conflicts.length === 0 && restored[0]?.to === undefined && restored.length > 0 && ', with fresh ids'}
      {conflicts.length === 0 && appended.length > 0 && `; ${sumWords(appended)} would be sent to queues that stand`}
      {conflicts.length === 0 && '.'}
      {replaced.map(({ msqid, messages, bytes }) => (
        <span key={msqid} class="danger-words">
          {' '}
          Queue {msqid} here would be removed for good with its {count(messages, 'message')} ({bytesWords(bytes)}), and
          calls that wait there get EIDRM.
        </span>
      ))}
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
