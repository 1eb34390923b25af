import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import { IPC_CREAT, IPC_NOWAIT } from '../../src/abi/index.ts'
import { removeJetstreamNamespace } from '../../src/backends/jetstream/index.ts'
import { connectNats } from '../../src/backends/jetstream/nats-connection.ts'
import { NatsLog } from '../../src/backends/jetstream/nats-log.ts'
import { natsModules } from '../../src/backends/jetstream/nats-modules.ts'
import { readNatsUrl } from '../../src/backends/jetstream/nats-url.ts'
import { Node } from '../../src/backends/jetstream/node.ts'
import type { LogImage } from '../../src/backends/jetstream/replicated-log.ts'
import { NatsCluster } from './nats-cluster.ts'
import { NodeProcess } from './node-process.ts'
import { deleteStream, shapeOf } from './raw-stream.ts'
import { assertAgreed, openReplica, receive, send, texts, until } from './replicas.ts'

/** Check points and images come as often as can be. */
const OFTEN = { checkEvery: 40, imageEveryBytes: 1, trimMarginRecords: 1 }
const IMAGE_BYTES = 3_000_000

let cluster: NatsCluster
before(async () => {
  cluster = await NatsCluster.start(1)
})
after(() => cluster[Symbol.asyncDispose]())

test('an image is chosen and the log trimmed while messages come, and a new node starts from image and tail', async () => {
  const url = cluster.url('started')
  await using first = await openReplica(url, OFTEN)
  const queue = await first.namespace.msgget(7, IPC_CREAT | 0o600)
  const sent = texts('message', 400)
  for (let start = 0; start < sent.length; start += 20) {
    await send(first.namespace, queue, ...sent.slice(start, start + 20))
  }
  await until(() => first.node.status.imaged > 1, 'an image')
  const log = await NatsLog.open(readNatsUrl(url))
  try {
    await until(async () => ((await log.read(1))[0]?.sequence ?? 0) > 1, 'a trimmed log')
    const held = await first.namespace.msgrcv(queue, 100, 0, 0, { hold: true })
    await using second = await openReplica(url, OFTEN)
    await assertAgreed([first.node, second.node])
    assert.ok((await log.images.chosen()).image !== undefined)
    await held.refuse()
    for (const text of sent) assert.equal(await receive(second.namespace, queue), text)
    await assertAgreed([first.node, second.node])
    await assert.rejects(first.namespace.msgrcv(queue, 100, 0, IPC_NOWAIT), { code: 'ENOMSG' })
  } finally {
    await log.close()
  }
})

test('an image is replaced by compare-and-set: who chose after another does not, and those before are discarded', async () => {
  const log = await NatsLog.open(readNatsUrl(cluster.url('choices')))
  try {
    const [one, two, three] = [await write(log, 1, 1), await write(log, 2, 2), await write(log, 3, 3)]
    const before = await log.images.chosen()
    assert.equal(before.image, undefined)
    assert.equal(await log.images.choose(one, before.revision), true)
    assert.equal(await log.images.choose(two, before.revision), false)
    assert.deepEqual((await log.images.chosen()).image, one)
    assert.equal(await log.images.choose(two, (await log.images.chosen()).revision), true)
    await log.images.discardBefore(two)
    assert.ok((await read(log, two)).equals(Buffer.alloc(IMAGE_BYTES, 2)))
    await assert.rejects(log.images.read(one).next())
    assert.ok(!(await log.images.read(three).next()).done)
  } finally {
    await log.close()
  }
})

test('two that keep an image of one record do not meet: what becomes of one leaves the other', async () => {
  const log = await NatsLog.open(readNatsUrl(cluster.url('met')))
  try {
    const [one, two] = [await write(log, 1, 1), await write(log, 1, 2)]
    await assert.rejects(
      log.images.write(
        1,
        (async function* () {
          yield Buffer.alloc(IMAGE_BYTES)
          throw new Error('it is closed meanwhile')
        })(),
      ),
      /closed meanwhile/,
    )
    assert.ok((await read(log, one)).equals(Buffer.alloc(IMAGE_BYTES, 1)))
    assert.ok((await read(log, two)).equals(Buffer.alloc(IMAGE_BYTES, 2)))
    await log.images.discardBefore(await write(log, 2, 2))
    await assert.rejects(read(log, one))
    await assert.rejects(read(log, two))
  } finally {
    await log.close()
  }
})

test('what a node that died has written of an image is discarded with those before', async () => {
  const url = cluster.url('died')
  const [dying, log] = [await NatsLog.open(readNatsUrl(url)), await NatsLog.open(readNatsUrl(url))]
  try {
    const pieces = async function* () {
      for (let pieces = 0; pieces < 10; pieces++) yield Buffer.alloc(IMAGE_BYTES / 10)
      await until(async () => (await storedBytes('died')) > IMAGE_BYTES / 2, 'half of it is there')
      await dying.close()
    }
    await assert.rejects(dying.images.write(1, pieces()))
    assert.ok((await storedBytes('died')) > IMAGE_BYTES / 2)
    const [one, two] = [await write(log, 1, 1), await write(log, 2, 2)]
    await log.images.discardBefore(one)
    assert.ok((await storedBytes('died')) < 2.1 * IMAGE_BYTES)
    for (const [image, byte] of [
      [one, 1],
      [two, 2],
    ] as const) {
      assert.ok((await read(log, image)).equals(Buffer.alloc(IMAGE_BYTES, byte)))
    }
  } finally {
    await log.close()
  }
})

test('an image that was begun before one that was chosen meanwhile is not chosen: it may have lost its bytes', async () => {
  const log = await NatsLog.open(readNatsUrl(cluster.url('overtaken')))
  const { images } = log
  const [keep, choose] = [images.write.bind(images), images.choose.bind(images)]
  const kept: string[] = []
  const chosen: string[] = []
  let isOtherFirst = false
  images.write = async (sequence, pieces) => {
    const bytes = await keep(sequence, pieces)
    // Another replica, which is behind, has begun later, and is chosen first.
    if (kept.push(bytes.name) === 1) isOtherFirst = await choose(await write(log, 1, 1), 0)
    return bytes
  }
  images.choose = (image, revision) => {
    chosen.push(image.name)
    return choose(image, revision)
  }
  const node = await Node.open(log, { checkEvery: 10, imageEveryBytes: 1, heartbeatMs: 5 })
  try {
    await until(() => node.status.imaged > 0, 'an image')
    assert.equal(isOtherFirst, true)
    assert.ok(chosen.length > 0 && !chosen.includes(kept[0] ?? ''), `${chosen} of ${kept}`)
  } finally {
    await node.close()
  }
})

test('buckets that are deleted, or made anew, are filled again by the next image', async () => {
  await using servers = await NatsCluster.start(3)
  const [server = ''] = servers.servers
  const log = await NatsLog.open(readNatsUrl(servers.url('deleted')))
  try {
    const image = { ...(await write(log, 1, 1)), start: 5_000 }
    assert.equal(await log.images.choose(image, 0), true)
    await deleteStream(server, 'OBJ_MSGQ_deleted')
    const next = await write(log, 2, 2)
    assert.equal(next.start, 5_000)
    await log.images.discardBefore(image)
    assert.ok((await read(log, next)).equals(Buffer.alloc(IMAGE_BYTES, 2)))
    await deleteStream(server, 'KV_MSGQ')
    assert.deepEqual(await log.images.chosen(), { image: undefined, revision: 0 })
    const last = await write(log, 3, 3)
    assert.ok(last.start > next.start + 10)
    assert.equal(await log.images.choose(last, 0), true)
    assert.deepEqual((await log.images.chosen()).image, last)
  } finally {
    await log.close()
  }
})

test('a namespace that is removed leaves no image to the next one of its name, however short its log was', async () => {
  const url = cluster.url('removed')
  const often = { checkEvery: 10, imageEveryBytes: 1, heartbeatMs: 5 }
  const node = await Node.open(await NatsLog.open(readNatsUrl(url)), often)
  await until(() => node.status.imaged > 0, 'an image')
  await node.close()
  await removeJetstreamNamespace(url)
  const log = await NatsLog.open(readNatsUrl(url))
  try {
    assert.equal((await log.images.chosen()).image, undefined)
    await assert.rejects(storedBytes('removed'), { code: 10_059 })
  } finally {
    await log.remove()
    await log.close()
  }
})

test('an image that was chosen before choices had names and starts is read, and discarded by one that has', async () => {
  const url = cluster.url('nameless')
  const log = await NatsLog.open(readNatsUrl(url))
  const connection = await connectNats(readNatsUrl(url))
  try {
    const { jetstream, Kvm, Objm } = natsModules()
    const client = jetstream(connection, { timeout: 5_000 })
    const store = await new Objm(client).create('MSGQ_nameless', {})
    await store.put({ name: 'image-1' }, new Blob([Buffer.alloc(IMAGE_BYTES, 1)]).stream())
    const choice = { sequence: 1, hash: '', sizeBytes: IMAGE_BYTES, time: 0 }
    await (await new Kvm(client).create('MSGQ', {})).create('nameless', JSON.stringify(choice))
    const { image } = await log.images.chosen()
    assert.ok(image !== undefined)
    assert.ok((await read(log, image)).equals(Buffer.alloc(IMAGE_BYTES, 1)))
    await log.images.discardBefore(image)
    assert.ok((await read(log, image)).equals(Buffer.alloc(IMAGE_BYTES, 1)))
    await log.images.discardBefore(await write(log, 2, 2))
    await assert.rejects(read(log, image))
  } finally {
    await connection.close()
    await log.close()
  }
})

test('a node that fell behind the trim recovers by itself, and says what has become of its calls', async () => {
  const url = cluster.url('behind')
  await using first = await openReplica(url, OFTEN)
  await using second = await openReplica(url, OFTEN)
  const queue = await first.namespace.msgget(7, IPC_CREAT | 0o600)
  await using stopped = await NodeProcess.open(url, OFTEN)
  stopped.tell('receive', queue)
  const { sequence } = (await stopped.do('position')).result as { sequence: number }
  stopped.signal('SIGSTOP')
  const other = await first.namespace.msgget(8, IPC_CREAT | 0o600)
  const sent = texts('message', 300)
  for (const text of sent) await send(first.namespace, other, text)
  await send(second.namespace, queue, 'wanted')
  await until(() => second.node.status.imaged > sequence, 'an image that is ahead of the node')
  const log = await NatsLog.open(readNatsUrl(url))
  await until(async () => ((await log.read(1))[0]?.sequence ?? 0) > sequence + 1, 'a log that has gone on')
  await log.close()
  stopped.signal('SIGCONT')
  assert.equal((await stopped.answer('receive')).result, 'wanted')
  assert.equal((await stopped.do('receive', other)).result, sent[0])
  await first.node.catchUp()
  await until(async () => {
    const there = (await stopped.do('position')).result as { sequence: number; hash: string }
    const here = first.node.position
    if (here.sequence === there.sequence) assert.equal(here.hash, there.hash)
    return here.sequence === there.sequence
  }, 'it is as far as the first')
})

test('a log that was trimmed without an image is told by its first record', async () => {
  const url = cluster.url('lost')
  await (await openReplica(url))[Symbol.asyncDispose]()
  const log = await NatsLog.open(readNatsUrl(url))
  await log.trim(3)
  await assert.rejects(openReplica(url), {
    code: 'ERR_MSGQ_UNAVAILABLE',
    message: /begins at record 3.*needs 1, and no image/,
  })
  await log.close()
})

/** Of the images of a namespace, named or not. */
async function storedBytes(name: string): Promise<number> {
  return (await shapeOf(cluster.servers[0] ?? '', `OBJ_MSGQ_${name}`)).state.bytes
}

async function write(log: NatsLog, sequence: number, byte: number): Promise<LogImage> {
  const pieces = async function* () {
    yield Buffer.alloc(IMAGE_BYTES, byte)
  }
  return { ...(await log.images.write(sequence, pieces())), sequence, hash: '', sizeBytes: IMAGE_BYTES, time: 0 }
}

async function read(log: NatsLog, image: LogImage): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of log.images.read(image)) pieces.push(piece)
  return Buffer.concat(pieces)
}
