import { useEffect, useState } from 'preact/hooks'
import { type About, type CallAnswers, instantWords, type PageSource } from '../view/index.ts'
import { Timeline } from './timeline.tsx'
import { count } from './words.ts'

interface LogProps {
  readonly source: PageSource
  readonly about: About
  /** Of one queue alone. */
  readonly msqid?: number
}

/** Who did what, newest first; where the namespace remembers. */
export function LogPage({ source, about, msqid }: LogProps) {
  const [instant, setInstant] = useState<number>()
  const [log, setLog] = useState<CallAnswers['log']>()
  const [problem, setProblem] = useState<string>()
  const load = () => {
    setProblem(undefined)
    source.call('log', msqid === undefined ? {} : { msqid }).then(setLog, (error: Error) => setProblem(error.message))
  }
  useEffect(load, [source, msqid])
  return (
    <section aria-label="Log">
      {log !== undefined && log.lines.length > 0 && (
        <Timeline
          source={source}
          about={about}
          lines={log.lines}
          msqid={msqid}
          instant={instant}
          onInstant={setInstant}
        />
      )}
      <div class="toolbar">
        <h2>Log</h2>
        <span class="quiet" role="status">
          {log !== undefined && `${count(log.lines.length, 'event')}${log.isCut ? ', the newest' : ''}`}
        </span>
        <button type="button" onClick={load}>
          Read again
        </button>
      </div>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="scroll" role="region" aria-label="Events" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {['time', 'event', 'msqid', 'key', 'pid', 'user', 'type', 'bytes', 'number', 'look back'].map(
                (heading) => (
                  <th key={heading} scope="col">
                    {heading}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {log?.lines.toReversed().map((line, at) => (
              <tr key={at}>
                <td data-heading="time">{instantWords(line.time)}</td>
                <td data-heading="event">{line.event}</td>
                <td data-heading="msqid">
                  <a href={`#queue-${line.msqid}`}>{line.msqid}</a>
                </td>
                <td data-heading="key">
                  <code>{line.key}</code>
                </td>
                <td data-heading="pid">{line.pid}</td>
                <td data-heading="user">{line.user}</td>
                <td data-heading="type">{line.type ?? ''}</td>
                <td data-heading="bytes">{line.bytes ?? ''}</td>
                <td data-heading="number">{line.sequence ?? ''}</td>
                <td data-heading="look back">
                  <button type="button" onClick={() => setInstant(line.time)}>
                    As it was then
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
