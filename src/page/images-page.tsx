import { useEffect, useState } from 'preact/hooks'
import {
  type About,
  bytesWords,
  type DiffSeen,
  IMAGES_BYTES_MAX,
  type ImageFile,
  type ImageSeen,
  type PageSource,
} from '../view/index.ts'
import { droppedFiles } from './dropped-files.ts'
import { ImageDiffView } from './image-diff.tsx'
import { ImageView } from './image-view.tsx'
import { count, originWords } from './words.ts'

interface ImagesProps {
  readonly source: PageSource
  readonly about: About
}

/** Images: looked into and compared without a restore, and restored when that is wanted. */
export function ImagesPage({ source, about }: ImagesProps) {
  const [images, setImages] = useState<readonly ImageSeen[]>([])
  const [shown, setShown] = useState<number>()
  const [diff, setDiff] = useState<{ readonly before: ImageSeen; readonly after: ImageSeen; readonly diff: DiffSeen }>()
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await work()
      setImages((await source.call('images', {})).images)
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    }
    setBusy(false)
  }
  useEffect(() => void attempt(async () => undefined), [source])
  const show = ({ image }: ImageSeen) => {
    setDiff(undefined)
    setShown(image)
  }
  const upload = (from: () => Promise<readonly ImageFile[]>) =>
    attempt(async () => {
      const chosen = await from()
      const size = chosen.reduce((sum, file) => sum + file.size, 0)
      if (size > IMAGES_BYTES_MAX) {
        throw new RangeError(`${bytesWords(size)} are more than the page looks into, ${bytesWords(IMAGES_BYTES_MAX)}`)
      }
      if (chosen.length > 0 && source.upload !== undefined) show(await source.upload(chosen))
    })
  const drop = (event: DragEvent) => {
    event.preventDefault()
    const { dataTransfer } = event
    if (dataTransfer !== null && source.upload !== undefined) void upload(() => droppedFiles(dataTransfer))
  }
  const image = images.find((each) => each.image === shown)
  return (
    <>
      <section class="card" aria-label="Images" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
        <div class="toolbar">
          <h2>Images</h2>
          <button
            type="button"
            disabled={isBusy}
            onClick={() => attempt(async () => show(await source.call('keep', {})))}
          >
            Take one now
          </button>
          {source.upload !== undefined && (
            <FileInput isBusy={isBusy} onChoose={(files) => void upload(async () => files)} />
          )}
        </div>
        <p class="quiet">
          Looking into an image and comparing two changes nothing in <code>{about.url}</code>.
          {source.upload !== undefined &&
            ` Choose or drop a file: a checkpoint that was saved here, NDJSON, crit's JSON, one of CRIU's; or all files of an image's directory. There is room for ${bytesWords(IMAGES_BYTES_MAX)}.`}
        </p>
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {images.length > 0 && (
          <ul class="images" aria-label="Open images">
            {images.map((each) => (
              <li key={each.image}>
                <button type="button" aria-pressed={each.image === shown} onClick={() => show(each)}>
                  {originWords(each)}
                </button>
                <span class="quiet">{contentWords(each)}</span>
                <button
                  type="button"
                  aria-label={`Put away ${originWords(each)}`}
                  onClick={() =>
                    attempt(async () => {
                      setDiff(undefined)
                      await source.call('putAway', { image: each.image })
                    })
                  }
                >
                  Put away
                </button>
              </li>
            ))}
          </ul>
        )}
        {images.length > 1 && (
          <Compare
            images={images}
            compare={(before, after) =>
              attempt(async () => {
                setShown(undefined)
                setDiff({
                  before,
                  after,
                  diff: await source.call('imageDiff', { before: before.image, after: after.image }),
                })
              })
            }
          />
        )}
      </section>
      {diff !== undefined && <ImageDiffView {...diff} />}
      {diff === undefined && image !== undefined && (
        <ImageView key={image.image} source={source} about={about} image={image} />
      )}
    </>
  )
}

interface FileInputProps {
  readonly isBusy: boolean
  readonly onChoose: (files: readonly File[]) => void
}

function FileInput({ isBusy, onChoose }: FileInputProps) {
  return (
    <label class="button file">
      Look into a file
      <input
        class="sr"
        type="file"
        multiple
        disabled={isBusy}
        onChange={({ currentTarget }) => {
          // What is read is named before: else the same file could not be chosen again.
          const chosen = [...(currentTarget.files ?? [])]
          currentTarget.value = ''
          onChoose(chosen)
        }}
      />
    </label>
  )
}

interface CompareProps {
  readonly images: readonly ImageSeen[]
  readonly compare: (before: ImageSeen, after: ImageSeen) => void
}

function Compare({ images, compare }: CompareProps) {
  return (
    <form
      class="toolbar compare"
      onSubmit={(event) => {
        event.preventDefault()
        const form = new FormData(event.currentTarget)
        const chosen = (name: string) => images.find(({ image }) => String(image) === form.get(name))
        const [before, after] = [chosen('before'), chosen('after')]
        if (before !== undefined && after !== undefined) compare(before, after)
      }}
    >
      {(['before', 'after'] as const).map((name, at) => (
        <label key={name}>
          {name}{' '}
          <select name={name}>
            {images.map((each, number) => (
              <option key={each.image} value={each.image} selected={number === images.length - 2 + at}>
                {originWords(each)}
              </option>
            ))}
          </select>
        </label>
      ))}
      <button type="submit">Compare</button>
    </form>
  )
}

function contentWords({ queues }: ImageSeen): string {
  const messages = queues.reduce((sum, { qnum }) => sum + qnum, 0)
  const bytes = queues.reduce((sum, { cbytes }) => sum + cbytes, 0)
  return `${count(queues.length, 'queue')}, ${count(messages, 'message')}, ${bytesWords(bytes)}`
}
