import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { About, PageSource } from '../view/index.ts'
import { Limits } from './limits.tsx'
import { LogPage } from './log-page.tsx'
import { NamespaceTable } from './namespace-table.tsx'
import { QueuePage } from './queue-page.tsx'
import { useSeen } from './use-seen.ts'
import './style.css'

/** Shows a namespace in an element, for as long as the page is open. */
export function showPage(source: PageSource, root: HTMLElement): void {
  render(<App source={source} />, root)
}

function App({ source }: { readonly source: PageSource }) {
  const [about, setAbout] = useState<About>()
  const [problem, setProblem] = useState<string>()
  const watched = useSeen(source)
  const place = useHash()
  useEffect(() => {
    source.call('about', {}).then(setAbout, (error: Error) => setProblem(error.message))
  }, [source])
  const { seen, lost } = watched
  const [, msqid] = /^#queue-(\d+)$/.exec(place) ?? []
  const queue = msqid === undefined ? undefined : seen?.queues.find((each) => each.msqid === Number(msqid))
  const why = problem ?? lost
  return (
    <>
      <a class="skip" href="#main">
        Skip to the queues
      </a>
      <header>
        <h1>
          <a href="#queues">msgq</a>
        </h1>
        <code class="url">{about?.url ?? ''}</code>
        {about?.readOnly === true && <span class="badge">read-only</span>}
        <nav aria-label="Pages">
          <a href="#queues" aria-current={place === '#queues' ? 'page' : undefined}>
            Queues
          </a>
          {about?.capabilities.history === true && (
            <a href="#log" aria-current={place === '#log' ? 'page' : undefined}>
              Log
            </a>
          )}
        </nav>
        <span class={`state ${why === undefined ? '' : 'bad'}`} role="status">
          {why === undefined ? (seen === undefined ? 'connecting' : 'live') : 'not connected'}
        </span>
      </header>
      <main id="main" tabIndex={-1}>
        {why !== undefined && (
          <p class="problem" role="alert">
            {why}
          </p>
        )}
        {about !== undefined && seen !== undefined && msqid === undefined && place !== '#log' && (
          <>
            <Limits source={source} about={about} seen={seen} />
            <NamespaceTable source={source} about={about} watched={watched} />
          </>
        )}
        {about !== undefined && place === '#log' && <LogPage source={source} />}
        {about !== undefined && seen !== undefined && queue !== undefined && (
          <QueuePage key={queue.msqid} source={source} about={about} queue={queue} seen={seen} />
        )}
        {seen !== undefined && msqid !== undefined && queue === undefined && (
          <p>
            There is no queue {msqid} any more. <a href="#queues">All queues</a>
          </p>
        )}
      </main>
    </>
  )
}

/** What stands after # in the page's address. */
function useHash(): string {
  const [hash, setHash] = useState(location.hash === '' || location.hash === '#main' ? '#queues' : location.hash)
  useEffect(() => {
    const changed = () => location.hash !== '#main' && setHash(location.hash || '#queues')
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return hash
}
