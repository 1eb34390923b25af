import { useEffect, useRef, useState } from 'preact/hooks'
import { type About, type ImageSeen, instantWords, type LogLine, type PageSource } from '../view/index.ts'
import { ImageView } from './image-view.tsx'
import { instantIn } from './words.ts'

interface TimelineProps {
  readonly source: PageSource
  readonly about: About
  /** What happened, oldest first; at least one. */
  readonly lines: readonly LogLine[]
  /** The queue that is shown of an instant. */
  readonly msqid: number | undefined
  /** Milliseconds since 1970; absent while nobody looks back. */
  readonly instant: number | undefined
  readonly onInstant: (instant: number | undefined) => void
}

/** Goes to any earlier instant, event by event or freely, and shows how the namespace was. */
export function Timeline({ source, about, lines, msqid, instant, onInstant }: TimelineProps) {
  const { image, problem } = usePast(source, instant)
  const [wrong, setWrong] = useState<string>()
  // A millisecond before the first: how it was before anything happened.
  const oldest = (lines[0]?.time ?? 0) - 1
  const newest = lines.at(-1)?.time ?? 0
  const at = instant ?? newest
  const before = lines.findLast(({ time }) => time < at)?.time ?? oldest
  const after = lines.find(({ time }) => time > at)?.time
  const last = lines.findLast(({ time }) => time <= at)
  return (
    <section class="card timeline" aria-label="Timeline">
      <form
        class="toolbar"
        onSubmit={(event) => {
          event.preventDefault()
          try {
            onInstant(instantIn(String(new FormData(event.currentTarget).get('instant'))))
            setWrong(undefined)
          } catch (error) {
            setWrong(error instanceof Error ? error.message : String(error))
          }
        }}
      >
        <h3>Look back</h3>
        <button type="button" disabled={at <= oldest} onClick={() => onInstant(before)}>
          Event before
        </button>
        <input
          type="range"
          aria-label="Instant"
          aria-valuetext={instantWords(at)}
          min={oldest}
          max={newest}
          value={Math.min(Math.max(at, oldest), newest)}
          onChange={({ currentTarget }) => onInstant(Number(currentTarget.value))}
        />
        <button type="button" disabled={after === undefined} onClick={() => onInstant(after)}>
          Event after
        </button>
        <label>
          <span class="sr">Instant in UTC</span>
          <input class="instant" name="instant" key={at} defaultValue={instantWords(at)} autocomplete="off" />
        </label>
        <button type="submit">Look</button>
        {instant !== undefined && (
          <button type="button" onClick={() => onInstant(undefined)}>
            Back to now
          </button>
        )}
      </form>
      {(wrong ?? problem) !== undefined && (
        <p class="problem" role="alert">
          {wrong ?? problem}
        </p>
      )}
      {instant !== undefined && image !== undefined && (
        <>
          <p role="status">
            As it was at {instantWords(image.time)}
            {last === undefined ? ', before all of these events' : `, after: ${eventWords(last)}`}
          </p>
          <ImageView key={image.image} source={source} about={about} image={image} shown={msqid} />
        </>
      )}
    </section>
  )
}

function eventWords({ event, msqid, pid, user, type }: LogLine): string {
  return `queue ${msqid} ${event} by pid ${pid}, ${user}${type === undefined ? '' : `, type ${type}`}`
}

/** The namespace at an instant. Whoever goes on while one is looked for gets the one that was asked for last. */
function usePast(source: PageSource, instant: number | undefined) {
  const [image, setImage] = useState<ImageSeen>()
  const [problem, setProblem] = useState<string>()
  const wanted = useRef<number | undefined>(undefined)
  const isAsking = useRef(false)
  useEffect(() => {
    wanted.current = instant
    if (instant === undefined) setImage(undefined)
    const ask = async () => {
      isAsking.current = true
      while (wanted.current !== undefined) {
        const time = wanted.current
        try {
          setImage(await source.call('past', { time }))
          setProblem(undefined)
        } catch (error) {
          setImage(undefined)
          setProblem(error instanceof Error ? error.message : String(error))
        }
        if (wanted.current === time) wanted.current = undefined
      }
      isAsking.current = false
    }
    if (!isAsking.current) void ask()
  }, [source, instant])
  return { image, problem }
}
