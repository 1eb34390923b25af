import { useState } from 'preact/hooks'
import { instantWords, type WholeMessage } from '../view/index.ts'
import { bestForm, hexOf, jsonOf, type PayloadForm, textOf } from './payload.ts'
import { count } from './words.ts'

/** Characters of a payload that are drawn: a longer text stops a browser. */
const SHOWN_MAX = 200_000

/** One message whole, as text, JSON or hex. What a payload says is always text, never markup. */
export function MessageDetail({ message }: { readonly message: WholeMessage }) {
  const { payload, type, bytes, sequence, pid, uid, time } = message
  const [chosen, setChosen] = useState<PayloadForm>()
  const form = chosen ?? bestForm(payload)
  const json = jsonOf(payload)
  const shown = form === 'hex' ? hexOf(payload) : form === 'json' ? (json ?? '') : textOf(payload)
  const forms: readonly PayloadForm[] = json === undefined ? ['text', 'hex'] : ['json', 'text', 'hex']
  return (
    <div class="detail">
      <p class="quiet">
        type {type} · {count(bytes, 'byte')}
        {sequence !== undefined && ` · number ${sequence}`}
        {pid !== undefined && ` · sent by pid ${pid}, uid ${uid}`}
        {time !== undefined && ` · ${instantWords(time)}`}
      </p>
      <fieldset class="forms" aria-label="Show the payload as">
        {forms.map((each) => (
          <button key={each} type="button" aria-pressed={form === each} onClick={() => setChosen(each)}>
            {each}
          </button>
        ))}
      </fieldset>
      <pre class={form === 'hex' ? 'hex' : ''} role="region" tabIndex={0} aria-label={`Payload as ${form}`}>
        {shown === '' ? '(empty)' : shown.slice(0, SHOWN_MAX)}
      </pre>
      {shown.length > SHOWN_MAX && <p class="quiet">The first {SHOWN_MAX.toLocaleString('en')} characters.</p>}
    </div>
  )
}
