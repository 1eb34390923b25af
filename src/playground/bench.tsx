import { useEffect, useState } from 'preact/hooks'
import type { Checkpoint } from '../engine/index.ts'
import { BreakOff } from './break-off-form.tsx'
import { CallForm } from './call-form.tsx'
import { LESSONS } from './lessons.ts'
import { QueueDrawing } from './queue-drawing.tsx'
import { StepList } from './step-list.tsx'
import type { World } from './world.ts'

/** What only the playground has: processes that call and wait, each step, and a checkpoint that breaks. */
export function Bench({ world }: { readonly world: World }) {
  const [now, setNow] = useState<Checkpoint>()
  const [told, setTold] = useState<string>()
  useEffect(() => {
    let isOver = false
    const look = () =>
      void world.look().then((checkpoint) => {
        if (!isOver) setNow(checkpoint)
      })
    look()
    const stop = world.onStep(look)
    return () => {
      isOver = true
      stop()
    }
  }, [world])
  const queues = now?.queues ?? []
  return (
    <section class="card bench" aria-label="Playground">
      <div class="toolbar">
        <h2>Playground</h2>
        {LESSONS.map(({ name, says, prepare }) => (
          <button
            key={name}
            type="button"
            onClick={async () => {
              await prepare(world)
              setTold(says)
            }}
          >
            {name}
          </button>
        ))}
      </div>
      <p role="status">
        {told ??
          'System V message queues in this page alone: an engine of msgq, with nothing behind it. Begin with one of the three, or make a queue below.'}
      </p>
      <div class="two">
        <div>
          {queues.map((queue) => (
            <QueueDrawing
              key={queue.msqid}
              queue={queue}
              waiting={(now?.waiting ?? []).filter(({ msqid }) => msqid === queue.msqid)}
              interrupt={(pid) => world.interrupt(pid)}
            />
          ))}
          {queues.length > 0 && <CallForm world={world} queues={queues} />}
          {queues.length > 0 && <BreakOff world={world} queues={queues} />}
        </div>
        <StepList steps={world.steps} />
      </div>
    </section>
  )
}
