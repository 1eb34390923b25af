import { deepEqual, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { IPC_NOWAIT, IPC_PRIVATE } from '../../src/abi/index.ts'
import type { SeenEvent } from '../../src/inspector/seen-event.ts'
import { Subscribers } from '../../src/inspector/subscribers.ts'
import { openNamespace } from '../../src/open/index.ts'
import { NamespaceView } from '../../src/view/index.ts'

/** So many that what is told in a second is more than any socket keeps for a reader that does not read. */
const QUEUES = 5000
/** How many messages are sent to each of them. */
const ROUNDS = 7
const SAMPLE_MS = 100
/** `UNREAD_BYTES_MAX`, and the one event that came when there was less. */
const BOUND_BYTES = 256 * 1024

test('Subscribers keeps a fixed number of bytes for a page that does not read, and tells it what it missed', async () => {
  await using namespace = await openNamespace('memory:')
  const msqids: number[] = []
  while (msqids.length < QUEUES) msqids.push(await namespace.msgget(IPC_PRIVATE, 0o600))
  const view = new NamespaceView(namespace, { user: 'tester' })
  const subscribers = new Subscribers(view, SAMPLE_MS)
  const responses: ServerResponse[] = []
  const server = createServer((_, response) => {
    responses.push(response)
    subscribers.add(response)
  })
  await using _closing = {
    async [Symbol.asyncDispose]() {
      subscribers.close()
      view.close()
      server.closeAllConnections()
      server.close()
    },
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const slow = await subscribe(port)
  const quick = await subscribe(port)
  const early = new Map<number, number>()
  let longest = 0
  let sent = 0
  let events = 0
  for await (const event of eventsOf(quick)) {
    longest = Math.max(longest, JSON.stringify(event).length)
    events++
    follow(early, event)
    // A look that began before all were sent has only some of them; the rest is in the next.
    if (early.size < QUEUES || [...early.values()].some((qnum) => qnum < sent)) continue
    if (sent === ROUNDS) break
    for (const msqid of msqids) namespace.sync.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(1) }, IPC_NOWAIT)
    sent++
  }
  const [kept] = responses
  ok(kept !== undefined && kept.writableLength > BOUND_BYTES, `only ${kept?.writableLength} bytes wait: no slow reader`)
  ok(kept.writableLength <= BOUND_BYTES + 2 * longest, `${kept.writableLength} bytes for a reader that does not read`)
  // It reads again: after all that waited comes one event with what it missed.
  const late = new Map<number, number>()
  let told = 0
  for await (const event of eventsOf(slow)) {
    follow(late, event)
    told++
    if ([...late.values()].every((qnum) => qnum === ROUNDS)) break
  }
  ok(told <= events, `${told} events, where the quick one had ${events}`)
  deepEqual(late, new Map(msqids.map((msqid) => [msqid, ROUNDS])))
})

function subscribe(port: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get({ port, host: '127.0.0.1' }, resolve).on('error', reject))
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<SeenEvent> {
  for await (const line of createInterface({ input: response })) {
    if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length)) as SeenEvent
  }
}

function follow(depths: Map<number, number>, { changed, removed }: SeenEvent): void {
  for (const { msqid, qnum } of changed) depths.set(msqid, qnum)
  for (const msqid of removed) depths.delete(msqid)
}
