import { useState } from 'preact/hooks'
import type { CheckpointQueue } from '../engine/index.ts'
import { type BrokenOff, breakOff } from './break-off.ts'
import { QueueChoice } from './queue-choice.tsx'
import type { World } from './world.ts'

interface FormProps {
  readonly world: World
  readonly queues: readonly CheckpointQueue[]
}

/** A checkpoint that breaks in the middle, with MSG_COPY and without. */
export function BreakOff({ world, queues }: FormProps) {
  const [broken, setBroken] = useState<BrokenOff>()
  return (
    <form
      class="toolbar call"
      aria-label="Break a checkpoint"
      onSubmit={async (event) => {
        event.preventDefault()
        const form = new FormData(event.currentTarget)
        const way = event.submitter?.getAttribute('value') === 'take' ? 'take' : 'copy'
        setBroken(await breakOff(world.namespace, Number(form.get('msqid')), way, Number(form.get('most'))))
      }}
    >
      <span>A checkpoint of</span>
      <QueueChoice queues={queues} />
      <label>
        breaks after <input class="short" name="most" type="number" min="0" defaultValue="2" /> messages
      </label>
      <button type="submit" value="copy">
        By copying
      </button>
      <button type="submit" value="take" class="danger">
        By taking, as without MSG_COPY
      </button>
      {broken !== undefined && <p role="status">{wordsOf(broken)}</p>}
    </form>
  )
}

function wordsOf({ way, msqid, read, before, after, isWhole }: BrokenOff): string {
  const did = `${way === 'copy' ? 'Copied' : 'Took'} ${read} of ${before} messages of queue ${msqid}, and broke.`
  if (isWhole) return `${did} The queue is whole: the same messages in the same order, and IPC_STAT says what it said.`
  return `${did} The queue has ${after}: what was taken is lost with the checkpoint.`
}
