import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net, { type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { readNow } from './read-now.ts'

const directory = mkdtempSync(join(tmpdir(), 'msgq-read-now-'))
after(() => rmSync(directory, { recursive: true }))

test('readNow hears all of it in its order, however often the socket is paused, and its end', async () => {
  const path = join(directory, 'order')
  const server = net.createServer().listen(path)
  await once(server, 'listening')
  const near = net.connect(path)
  const [far] = (await once(server, 'connection')) as [Socket]
  const heard: Buffer[] = []
  const pausedLengths: number[] = []
  readNow(far, (piece) => {
    heard.push(piece)
    ok(!far.isPaused(), 'nothing is heard while it is paused')
  })
  const sent: Buffer[] = []
  for (let round = 0; round < 60; round++) {
    for (let count = 0; count < 5; count++) {
      const piece = Buffer.alloc(1 + ((round * 7919 + count * 104_729) % 60_000), sent.length)
      sent.push(piece)
      near.write(piece)
    }
    if (round % 3 === 0) far.pause()
    await setImmediate()
    pausedLengths.push(far.readableLength)
    if (round % 3 === 2) far.resume()
  }
  far.resume()
  const ended = once(far, 'end')
  near.end()
  await ended
  ok(Buffer.concat(heard).equals(Buffer.concat(sent)))
  ok(Math.max(...pausedLengths) > 0, 'the stream kept what came while it was paused')
  server.close()
})

test('readNow hears of a stream that is fed otherwise what anybody hears', async () => {
  const stream = new PassThrough()
  const heard: Buffer[] = []
  readNow(stream as unknown as Socket, (piece) => heard.push(piece))
  stream.write('one')
  await setImmediate()
  stream.end('two')
  await once(stream, 'end')
  deepEqual(heard.map(String), ['one', 'two'])
  equal(stream.readableLength, 0)
})

test('readNow hears nothing before what waits in the stream', async () => {
  const stream = new PassThrough()
  const heard: Buffer[] = []
  readNow(stream as unknown as Socket, (piece) => heard.push(piece))
  await setImmediate()
  stream.pause()
  stream.push('one')
  stream.resume()
  stream.push('two')
  await setImmediate()
  stream.push('three')
  deepEqual(heard.map(String), ['one', 'two', 'three'])
})
