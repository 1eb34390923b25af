import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import { IPC_CREAT, IPC_NOWAIT } from '../../src/abi/index.ts'
import { NatsLog } from '../../src/backends/jetstream/nats-log.ts'
import { readNatsUrl } from '../../src/backends/jetstream/nats-url.ts'
import { BATCH, encodeRecord, packEntries } from '../../src/backends/jetstream/record.ts'
import { encodeEntry } from '../../src/wire/index.ts'
import { NatsCluster } from './nats-cluster.ts'
import { assertAgreed, openReplica, receive, send, spoil, texts, until } from './replicas.ts'

const OFTEN = { checkEvery: 30, imageEveryBytes: 1, trimMarginRecords: 1 }
const NOBODY = { pid: 0, tid: 0, uid: 0, gid: 0, groups: [], capabilities: [] }

let cluster: NatsCluster
before(async () => {
  cluster = await NatsCluster.start(1)
})
after(() => cluster[Symbol.asyncDispose]())

test('a replica that differs from most stops and says between which records, and the others go on', async () => {
  const url = cluster.url('odd')
  await using first = await openReplica(url, OFTEN)
  await using second = await openReplica(url, OFTEN)
  await using odd = await openReplica(url, OFTEN)
  const queue = await first.namespace.msgget(7, IPC_CREAT | 0o600)
  await until(async () => {
    await send(first.namespace, queue, ...texts('before', 5))
    for (let count = 0; count < 5; count++) await receive(second.namespace, queue)
    return odd.node.status.agreed > 0
  }, 'a check point at which all were the same')
  const { agreed } = odd.node.status
  spoil(odd)
  await until(async () => {
    await send(first.namespace, queue, 'a message')
    await receive(second.namespace, queue)
    return !odd.node.isOpen
  }, 'it has stopped')
  await assert.rejects(odd.namespace.msgget(7, 0), (error: Error & { code: string }) => {
    assert.equal(error.code, 'ERR_MSGQ_DIVERGED')
    const [, from, to] = /after record (\d+), .* up to record (\d+)/.exec(error.message)?.map(Number) ?? []
    assert.ok(from !== undefined && to !== undefined && from >= agreed && to > from, error.message)
    return true
  })
  await send(first.namespace, queue, 'after')
  assert.equal(await receive(second.namespace, queue), 'after')
  await assertAgreed([first.node, second.node])
})

test('of two replicas that differ none knows who is right: both stop', async () => {
  const url = cluster.url('two')
  await using first = await openReplica(url, OFTEN)
  await using second = await openReplica(url, OFTEN)
  const queue = await first.namespace.msgget(7, IPC_CREAT | 0o600)
  spoil(second)
  await until(async () => {
    if (first.node.isOpen) await send(first.namespace, queue, 'a message').catch(() => undefined)
    return !first.node.isOpen && !second.node.isOpen
  }, 'both have stopped')
  for (const { namespace } of [first, second]) {
    await assert.rejects(namespace.limits(), { code: 'ERR_MSGQ_DIVERGED' })
  }
  await using third = await openReplica(url, OFTEN)
  assert.equal(await third.namespace.msgget(7, 0), queue)
})

test('bytes that are no record, and entries that are none, are skipped and counted by every replica alike', async () => {
  const url = cluster.url('malformed')
  await using first = await openReplica(url)
  const log = await NatsLog.open(readNatsUrl(url))
  const entry = encodeEntry({
    ticket: { session: 5, number: 2 },
    now: 1,
    caller: NOBODY,
    call: { name: 'msgget', key: 9, msgflg: IPC_CREAT | 0o666 },
  })
  const open = encodeEntry({ ticket: { session: 5, number: 1 }, now: 1, caller: NOBODY, call: { name: 'openSession' } })
  const cut = entry.subarray(0, entry.length - 1)
  const batch = { kind: BATCH, goesOn: false, session: 5, number: 1, body: packEntries([open, cut, entry]) }
  const records = [
    Buffer.from('no record'),
    encodeRecord({ ...batch, session: Number.NaN }),
    encodeRecord({ ...batch, kind: 99 }),
    encodeRecord(batch),
    encodeRecord({ ...batch, number: 2, body: Buffer.from([255, 255, 255, 255, 1]) }),
  ]
  for (const [index, record] of records.entries()) await log.append(record, `planted.${index}`)
  await using second = await openReplica(url)
  await assertAgreed([first.node, second.node])
  assert.equal(first.node.status.skipped, 5)
  assert.equal(second.node.status.skipped, 5)
  // The entry behind the one that was cut is made.
  assert.ok((await first.namespace.msgget(9, 0)) >= 0)
  await log.close()
})

test('a record that stands in the log twice, under other ids too, is applied once', async () => {
  const url = cluster.url('twice')
  await using first = await openReplica(url)
  const queue = await first.namespace.msgget(7, IPC_CREAT | 0o600)
  await send(first.namespace, queue, 'once')
  const log = await NatsLog.open(readNatsUrl(url))
  for (const { bytes, sequence } of await log.read(1)) await log.append(bytes, `again.${sequence}`)
  await using second = await openReplica(url)
  await assertAgreed([first.node, second.node])
  assert.equal(await receive(second.namespace, queue), 'once')
  await assert.rejects(first.namespace.msgrcv(queue, 100, 0, IPC_NOWAIT), { code: 'ENOMSG' })
  await log.close()
})

test('a record of a newer version stops every replica, which names the version', async () => {
  const url = cluster.url('newer')
  await using first = await openReplica(url)
  await first.namespace.msgget(7, IPC_CREAT | 0o600)
  const log = await NatsLog.open(readNatsUrl(url))
  const record = encodeRecord({ kind: BATCH, goesOn: false, session: 5, number: 1, body: new Uint8Array() })
  record[0] = 2
  const sequence = await log.append(record, 'newer')
  const refused = { code: 'ERR_MSGQ_PROTOCOL', message: new RegExp(`record ${sequence} .* version 2.* knows 1`) }
  await until(() => !first.node.isOpen, 'it has stopped')
  await assert.rejects(first.namespace.msgget(7, 0), refused)
  await assert.rejects(openReplica(url), refused)
  await log.close()
})
