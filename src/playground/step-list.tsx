import type { Step } from './steps.ts'

/** What the engine did, newest first: each call, and which calls it ended in which order. */
export function StepList({ steps }: { readonly steps: readonly Step[] }) {
  return (
    <div>
      <h3>Steps, newest first</h3>
      <p class="quiet">A call goes in; the calls that it ended come out, in the kernel's order of waking.</p>
      <div class="steps" role="region" aria-label="Steps" tabIndex={0}>
        <ol reversed>
          {steps.map(({ number, pid, call, isWaiting, ends }) => (
            <li key={number} value={number}>
              pid {pid}: <code>{call}</code>
              {isWaiting && ' waits'}
              {ends.length > 0 && (
                <ol class="ends">
                  {ends.map((end, at) => (
                    <li key={at}>
                      pid {end.pid}: {end.call} {end.outcome}
                    </li>
                  ))}
                </ol>
              )}
            </li>
          ))}
        </ol>
      </div>
    </div>
  )
}
