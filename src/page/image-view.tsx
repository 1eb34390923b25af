import { useEffect, useState } from 'preact/hooks'
import {
  type About,
  bytesWords,
  type ImageQueueSeen,
  type ImageSeen,
  instantWords,
  type MessageSeen,
  modeWords,
  NONE,
  type PageSource,
  type WholeMessage,
} from '../view/index.ts'
import { MessageDetail } from './message-detail.tsx'
import { RestoreImage } from './restore-image.tsx'
import { usePages } from './use-pages.ts'
import { VirtualList } from './virtual-list.tsx'
import { count, originWords } from './words.ts'

interface ImageProps {
  readonly source: PageSource
  readonly about: About
  readonly image: ImageSeen
  /** The queue that is shown first. */
  readonly shown?: number | undefined
}

/** What is in an image: its queues, and the messages of one. */
export function ImageView({ source, about, image, shown }: ImageProps) {
  const { queues, limits, missing, waiting } = image
  const [msqid, setMsqid] = useState(shown ?? queues[0]?.msqid)
  const queue = queues.find((each) => each.msqid === msqid)
  return (
    <section class="card" aria-label={`Image ${originWords(image)}`}>
      <div class="toolbar">
        <h3>{originWords(image)}</h3>
        {!about.readOnly && <RestoreImage source={source} image={image} />}
      </div>
      <p class="quiet">
        msgmax {limits.msgmax}, msgmnb {limits.msgmnb}, msgmni {limits.msgmni}
        {waiting > 0 && ` · ${count(waiting, 'call')} waited`}
        {missing.length > 0 && ` · it does not tell ${missing.join(', ')}`}
      </p>
      {queues.length === 0 && <p class="empty">There is no queue in it.</p>}
      {queues.length > 0 && (
        <div class="scroll" role="region" aria-label="Queues of the image" tabIndex={0}>
          <table>
            <thead>
              <tr>
                {['key', 'msqid', 'uid', 'perms', 'messages', 'used-bytes', 'qbytes', 'last sent', 'last received'].map(
                  (heading) => (
                    <th key={heading} scope="col">
                      {heading}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody>
              {queues.map((each) => (
                <QueueRow key={each.msqid} queue={each} isShown={each.msqid === msqid} onShow={setMsqid} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {queue !== undefined && <ImageMessages key={msqid} source={source} image={image.image} queue={queue} />}
    </section>
  )
}

interface RowProps {
  readonly queue: ImageQueueSeen
  readonly isShown: boolean
  readonly onShow: (msqid: number) => void
}

function QueueRow({ queue, isShown, onShow }: RowProps) {
  const { msqid, key, uid, mode, qnum, cbytes, qbytes, stime, rtime } = queue
  return (
    <tr>
      <td data-heading="key">
        <button type="button" class="link" aria-pressed={isShown} onClick={() => onShow(msqid)}>
          <code>{key}</code>
        </button>
      </td>
      <td data-heading="msqid">{msqid}</td>
      <td data-heading="uid">{uid}</td>
      <td data-heading="perms">{modeWords(mode)}</td>
      <td data-heading="messages">{qnum.toLocaleString('en')}</td>
      <td data-heading="used-bytes">{bytesWords(cbytes)}</td>
      <td data-heading="qbytes">{bytesWords(qbytes)}</td>
      <td data-heading="last sent">{stime === undefined ? NONE : instantWords(stime)}</td>
      <td data-heading="last received">{rtime === undefined ? NONE : instantWords(rtime)}</td>
    </tr>
  )
}

interface MessagesProps {
  readonly source: PageSource
  readonly image: number
  readonly queue: ImageQueueSeen
}

function ImageMessages({ source, image, queue: { msqid, qnum } }: MessagesProps) {
  const [chosen, setChosen] = useState<MessageSeen>()
  const [whole, setWhole] = useState<WholeMessage>()
  const [problem, setProblem] = useState<string>()
  const rows = usePages((first, count) => source.call('imagePage', { image, msqid, first, count }), '')
  useEffect(() => {
    if (chosen?.index === undefined) return
    setProblem(undefined)
    source
      .call('imageMessage', { image, msqid, index: chosen.index })
      .then(setWhole, (error: Error) => setProblem(error.message))
  }, [chosen])
  return (
    <div class="split">
      {rows.problem !== undefined && (
        <p class="problem" role="alert">
          {rows.problem}
        </p>
      )}
      <VirtualList total={qnum} rows={rows} chosen={chosen} onChoose={setChosen} />
      <div class="beside" aria-live="polite">
        {problem !== undefined && <p class="problem">{problem}</p>}
        {problem === undefined && whole === undefined && <p class="quiet">Choose a message to see all of it.</p>}
        {problem === undefined && whole !== undefined && <MessageDetail key={`${whole.index}`} message={whole} />}
      </div>
    </div>
  )
}
