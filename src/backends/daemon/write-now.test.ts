import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net, { type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { fdOf, writeNow } from './write-now.ts'

const directory = mkdtempSync(join(tmpdir(), 'msgq-write-now-'))
after(() => rmSync(directory, { recursive: true }))

/** Both ends of a connection; what comes is not read until it is asked for. */
async function connected(name: string): Promise<{ near: Socket; far: Socket; end: () => void }> {
  const path = join(directory, name)
  const server = net.createServer({ pauseOnConnect: true }).listen(path)
  await once(server, 'listening')
  const near = net.connect(path)
  const [far] = (await once(server, 'connection')) as [Socket]
  const end = () => {
    near.destroy()
    far.destroy()
    server.close()
  }
  return { near, far, end }
}

test('writeNow writes all of it in its order, whatever waits, and says when something does', async () => {
  const { near, far, end } = await connected('order')
  const sent: Buffer[] = []
  const answers = new Set<boolean>()
  const write = (bytes: number) => {
    const piece = Buffer.alloc(bytes, sent.length)
    sent.push(piece)
    answers.add(writeNow(near, piece))
  }
  const received: Buffer[] = []
  far.on('data', (piece: Buffer) => received.push(piece))
  far.pause()
  for (let round = 0; round < 20; round++) {
    for (let count = 0; count < 20; count++) write(1 + ((round * 7919 + count * 104_729) % 60_000))
    // Some is read, so that the next write finds now room, now a stream that waits.
    far.resume()
    await setImmediate()
    far.pause()
    if (round % 5 === 4) {
      far.resume()
      while (near.writableLength > 0) await setImmediate()
    }
  }
  far.resume()
  const all = Buffer.concat(sent)
  while (received.reduce((sum, { length }) => sum + length, 0) < all.length) await once(far, 'data')
  ok(Buffer.concat(received).equals(all))
  deepEqual([...answers].sort(), [false, true])
  end()
})

test('writeNow leaves it to the socket to find out that nobody is there', async () => {
  const { near, far, end } = await connected('gone')
  far.destroy()
  await once(far, 'close')
  const failed = once(near, 'error')
  writeNow(near, Buffer.from('to nobody'))
  const [error] = (await failed) as [NodeJS.ErrnoException]
  equal(error.code, 'EPIPE')
  end()
  equal(fdOf(near), undefined)
  equal(writeNow(near, Buffer.from('to nobody')), false)
})

test('writeNow writes to what has no descriptor as anybody does', () => {
  const stream = new PassThrough()
  writeNow(stream as unknown as Socket, Buffer.from('bytes'))
  equal(String(stream.read()), 'bytes')
})
