import { formatKey } from '../contract/index.ts'
import type { CheckpointMessage, CheckpointQueue, WaitingCall } from '../engine/index.ts'
import { callWords, payloadWords } from './steps.ts'

/** Messages that are drawn of a queue, the oldest. */
const DRAWN_MAX = 12

interface DrawingProps {
  readonly queue: CheckpointQueue
  readonly waiting: readonly WaitingCall[]
  readonly interrupt: (pid: number) => void
}

/** A queue at this instant: its messages in order, and who waits on either side, in the order of arrival. */
export function QueueDrawing({ queue, waiting, interrupt }: DrawingProps) {
  const { msqid, perm, qbytes, messages } = queue
  const drawn = firstOf(messages, DRAWN_MAX)
  return (
    <article class="drawing" aria-label={`Queue ${msqid} now`}>
      <h3>
        <a href={`#queue-${msqid}`}>
          Queue {msqid} <code>{formatKey(perm.key)}</code>
        </a>{' '}
        <span class="quiet">qbytes {qbytes}</span>
      </h3>
      <ol class="boxes" aria-label={`Messages of queue ${msqid}`}>
        {drawn.map(({ mtype, mtext }, at) => (
          <li key={at}>
            {String(mtype)} <code>{payloadWords(mtext)}</code>
          </li>
        ))}
        {messages.length > drawn.length && <li class="quiet">and {messages.length - drawn.length} more</li>}
        {messages.length === 0 && <li class="quiet">empty</li>}
      </ol>
      {waiting.length > 0 && (
        <ol class="waiters" aria-label={`Who waits at queue ${msqid}`}>
          {waiting.map(({ ticket, caller, call }) => (
            <li key={ticket.number}>
              pid {caller.pid} waits in <code>{callWords(call)}</code>{' '}
              <button type="button" onClick={() => interrupt(caller.pid)}>
                Signal {caller.pid}
              </button>
            </li>
          ))}
        </ol>
      )}
    </article>
  )
}

function firstOf(messages: Iterable<CheckpointMessage>, most: number): CheckpointMessage[] {
  const first: CheckpointMessage[] = []
  for (const message of messages) {
    if (first.length === most) break
    first.push(message)
  }
  return first
}
