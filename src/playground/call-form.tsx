import { useState } from 'preact/hooks'
import type { CheckpointQueue } from '../engine/index.ts'
import { QueueChoice } from './queue-choice.tsx'
import type { World } from './world.ts'

interface FormProps {
  readonly world: World
  readonly queues: readonly CheckpointQueue[]
}

/** A new process makes one call, which may wait. */
export function CallForm({ world, queues }: FormProps) {
  const [name, setName] = useState<'msgsnd' | 'msgrcv'>('msgsnd')
  const [problem, setProblem] = useState<string>()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const textOf = (field: string) => String(form.get(field) ?? '')
    try {
      world.call({
        name,
        msqid: Number(textOf('msqid')),
        type: textOf('type').trim(),
        text: textOf('text'),
        isNowait: form.get('nowait') !== null,
      })
      setProblem(undefined)
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    }
  }
  return (
    <form class="toolbar call" aria-label="A process calls" onSubmit={submit}>
      <label>
        A process calls{' '}
        <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value as 'msgsnd' | 'msgrcv')}>
          <option value="msgsnd">msgsnd</option>
          <option value="msgrcv">msgrcv</option>
        </select>
      </label>
      <QueueChoice queues={queues} />
      <label>
        {name === 'msgsnd' ? 'type' : 'msgtyp'} <input class="short" name="type" defaultValue="1" autocomplete="off" />
      </label>
      {name === 'msgsnd' && (
        <label>
          text <input name="text" defaultValue="hello" autocomplete="off" />
        </label>
      )}
      <label>
        <input type="checkbox" name="nowait" /> IPC_NOWAIT
      </label>
      <button type="submit" class="primary">
        Call
      </button>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  )
}
