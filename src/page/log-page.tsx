import { useEffect, useState } from 'preact/hooks'
import type { About, CallAnswers, PageSource } from '../view/index.ts'
import { Timeline } from './timeline.tsx'
import { count, instantWords } from './words.ts'

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
                <td>{instantWords(line.time)}</td>
                <td>{line.event}</td>
                <td>
                  <a href={`#queue-${line.msqid}`}>{line.msqid}</a>
                </td>
                <td>
                  <code>{line.key}</code>
                </td>
                <td>{line.pid}</td>
                <td>{line.user}</td>
                <td>{line.type ?? ''}</td>
                <td>{line.bytes ?? ''}</td>
                <td>{line.sequence ?? ''}</td>
                <td>
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
