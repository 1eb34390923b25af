import { type ComponentChildren, render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { About, PageSource } from '../view/index.ts'
import { ImagesPage } from './images-page.tsx'
import { Limits } from './limits.tsx'
import { LogPage } from './log-page.tsx'
import { NamespaceTable } from './namespace-table.tsx'
import { QueuePage } from './queue-page.tsx'
import { useSeen } from './use-seen.ts'
import './style.css'

/** Pages that are not the table of queues. */
const OTHER_PLACES: ReadonlySet<string> = new Set(['#images', '#log'])

/**
 * Shows a namespace in an element, for as long as the page is open.
 *
 * @param above What stands above the namespace, whichever of its pages is shown.
 */
export function showPage(source: PageSource, root: HTMLElement, above?: ComponentChildren): void {
  render(<App source={source} above={above} />, root)
}

interface AppProps {
  readonly source: PageSource
  readonly above: ComponentChildren
}

function App({ source, above }: AppProps) {
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
          {about?.readOnly === false && (
            <a href="#images" aria-current={place === '#images' ? 'page' : undefined}>
              Images
            </a>
          )}
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
        {above}
        {about !== undefined && seen !== undefined && msqid === undefined && !OTHER_PLACES.has(place) && (
          <>
            <Limits source={source} about={about} seen={seen} />
            <NamespaceTable source={source} about={about} watched={watched} />
          </>
        )}
        {about !== undefined && !about.readOnly && place === '#images' && <ImagesPage source={source} about={about} />}
        {about !== undefined && place === '#log' && <LogPage source={source} about={about} />}
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
