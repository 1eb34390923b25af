import { useEffect, useState } from 'preact/hooks'
import type {
  About,
  CallAnswers,
  MessageSeen,
  PageSource,
  QueueSeen,
  Seen,
  WaitSeen,
  WholeMessage,
} from '../view/index.ts'
import { bytesWords, modeWords, shareOf, toBase64, waitWords } from '../view/index.ts'
import { Ask, Field, modeOf, textIn, whole } from './ask.tsx'
import { DepthChart } from './chart.tsx'
import { Bar } from './limits.tsx'
import { LogPage } from './log-page.tsx'
import { MessageDetail } from './message-detail.tsx'
import { Messages } from './messages.tsx'
import { count, timeWords } from './words.ts'

interface QueueProps {
  readonly source: PageSource
  readonly about: About
  readonly queue: QueueSeen
  readonly seen: Seen
}

type Asked = 'send' | 'receive' | 'set' | 'remove'

/** One queue: what it is, who waits, its messages, and what can be done. */
export function QueuePage({ source, about, queue, seen }: QueueProps) {
  const { msqid, key, qnum, cbytes, qbytes } = queue
  const [asked, setAsked] = useState<Asked>()
  const [chosen, setChosen] = useState<MessageSeen>()
  const [received, setReceived] = useState<WholeMessage>()
  const [depths, setDepths] = useState<CallAnswers['depths']>({ times: [], depths: [] })
  useEffect(() => {
    // Removed a moment ago: the next sample says so.
    source.call('depths', { msqid }).then(setDepths, () => undefined)
  }, [source, msqid, seen.time])
  const waits = seen.waiting.filter((wait) => wait.msqid === msqid)
  return (
    <>
      <section class="queue-head" aria-label="Queue">
        <div>
          <h2>
            Queue {msqid} <code>{key}</code>
          </h2>
          <p class="quiet">
            {queue.owner} · {modeWords(queue.mode)} · {count(qnum, 'message')} · {bytesWords(cbytes)} of{' '}
            {bytesWords(qbytes)}
          </p>
          <Bar share={shareOf(queue)} label={`${cbytes} of ${qbytes} bytes`} />
        </div>
        {!about.readOnly && (
          <div class="buttons">
            <button type="button" onClick={() => setAsked('send')}>
              Send
            </button>
            <button type="button" onClick={() => setAsked('receive')}>
              Receive
            </button>
            <button type="button" onClick={() => setAsked('set')}>
              Change
            </button>
            <button type="button" class="danger" onClick={() => setAsked('remove')}>
              Remove
            </button>
          </div>
        )}
      </section>
      <div class="two">
        <section class="card" aria-label="Depth">
          <h3>Depth over the last minutes</h3>
          <DepthChart {...depths} label={`Depth of queue ${msqid}: now ${count(qnum, 'message')}`} />
        </section>
        <Facts queue={queue} waits={about.capabilities.waiting ? waits : undefined} />
      </div>
      {received !== undefined && (
        <section class="card taken" aria-label="Received message">
          <div class="toolbar">
            <h3>Received: it is on the queue no more</h3>
            <button type="button" onClick={() => setReceived(undefined)}>
              Put away
            </button>
          </div>
          <MessageDetail message={received} />
        </section>
      )}
      <Messages source={source} about={about} queue={queue} chosen={chosen} onChoose={setChosen} />
      {about.capabilities.history && <LogPage source={source} about={about} msqid={msqid} />}
      {asked === 'send' && (
        <Ask
          title={`Send to queue ${msqid}`}
          does="Puts a message at its end, or into the hands of a receiver that waits for it. Without room it is refused."
          action="Send"
          onClose={() => setAsked(undefined)}
          run={(form) =>
            source.call('send', {
              msqid,
              type: textIn(form, 'type'),
              payload: toBase64(new TextEncoder().encode(String(form.get('text') ?? ''))),
            })
          }
        >
          <Field name="type" label="Type, from 1" value="1" />
          <Field name="text" label="Payload, text" value="" isLong />
        </Ask>
      )}
      {asked === 'receive' && (
        <Ask
          title={`Receive from queue ${msqid}`}
          does={`Takes one message from the ${count(qnum, 'message')}: the queue has it no more, and no program will receive it. To only see messages, look at the list.`}
          action="Take it"
          isDestructive
          onClose={() => setAsked(undefined)}
          run={async (form) => {
            const { message, held } = await source.call('receive', { msqid, msgtyp: textIn(form, 'msgtyp') })
            setReceived(message)
            if (held !== undefined) await source.call('accept', { held })
          }}
        >
          <Field name="msgtyp" label="msgtyp: 0 the oldest, n of type n, -n the lowest type up to n" value="0" />
        </Ask>
      )}
      {asked === 'set' && (
        <Ask
          title={`Change queue ${msqid}`}
          does="Owner, mode and qbytes (IPC_SET), at once. Programs that may not use it any more get EACCES."
          action="Change it"
          onClose={() => setAsked(undefined)}
          run={(form) =>
            source.call('set', {
              msqid,
              uid: whole(form, 'uid'),
              gid: whole(form, 'gid'),
              mode: modeOf(form),
              qbytes: whole(form, 'qbytes'),
            })
          }
        >
          <Field name="uid" label="uid" value={queue.uid} />
          <Field name="gid" label="gid" value={queue.gid} />
          <Field name="mode" label="Mode, octal" value={modeWords(queue.mode)} />
          <Field name="qbytes" label="qbytes" value={qbytes} />
        </Ask>
      )}
      {asked === 'remove' && (
        <Ask
          title={`Remove queue ${msqid}?`}
          does={
            <>
              Removes <code>{key}</code> with its {count(qnum, 'message')} ({bytesWords(cbytes)}), at once and for good.{' '}
              {waits.length > 0 && `${count(waits.length, 'call')} that wait there get EIDRM.`}
            </>
          }
          action="Remove it"
          isDestructive
          onClose={() => setAsked(undefined)}
          run={async () => {
            await source.call('remove', { msqid })
            location.hash = '#queues'
          }}
        />
      )}
    </>
  )
}

interface FactsProps {
  readonly queue: QueueSeen
  /** Absent where the namespace does not tell who waits. */
  readonly waits: readonly WaitSeen[] | undefined
}

/** What IPC_STAT tells, and who waits. */
function Facts({ queue, waits }: FactsProps) {
  return (
    <section class="card" aria-label="Facts">
      <h3>IPC_STAT</h3>
      <dl>
        <dt>last sent (stime, lspid)</dt>
        <dd>
          {timeWords(queue.stime)}
          {queue.lspid > 0 && `, pid ${queue.lspid}`}
        </dd>
        <dt>last received (rtime, lrpid)</dt>
        <dd>
          {timeWords(queue.rtime)}
          {queue.lrpid > 0 && `, pid ${queue.lrpid}`}
        </dd>
        <dt>changed (ctime)</dt>
        <dd>{timeWords(queue.ctime)}</dd>
        <dt>uid, gid</dt>
        <dd>
          {queue.uid}, {queue.gid}
        </dd>
      </dl>
      {waits !== undefined && (
        <>
          <h3>Who waits</h3>
          {waits.length === 0 ? (
            <p class="quiet">nobody</p>
          ) : (
            <ol class="waits">
              {waits.map((wait, at) => (
                <li key={at}>{waitWords(wait)}</li>
              ))}
            </ol>
          )}
        </>
      )}
    </section>
  )
}
