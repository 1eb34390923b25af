import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONG_MAX, type Long } from '../../abi/index.ts'
import { MessageLog } from './message-log.ts'
import { MessagePacker } from './message-packer.ts'
import { cbytesOf, toldBy, viewsOf } from './packed-messages.ts'
import type { PlainMessages } from './plain-messages.ts'

const SENDER = { pid: 7, uid: 4_294_967_294 }
/** Five of them fill an ordinary segment of 256 KiB, but for a few words. */
const FIFTH_BYTES = 52_000

/** Bytes that tell one place from its neighbours, the first 300 at least. */
function bytes(sizeBytes: number, seed: number): Uint8Array {
  const filled = new Uint8Array(sizeBytes).fill(seed + 100)
  for (let index = 0; index < Math.min(sizeBytes, 300); index++) filled[index] = seed * 31 + index * 7
  return filled
}

/** A log of messages of some sizes, numbered in steps of 2 from 2: sequence numbers have gaps. */
function logOf(sizes: readonly number[]) {
  const log = new MessageLog()
  const addresses = sizes.map((sizeBytes, index) =>
    log.append({ mtype: index + 1, mtext: bytes(sizeBytes, index) }, 2 * index + 2, SENDER, index),
  )
  return { log, addresses }
}

function all(log: MessageLog): number[] {
  const addresses: number[] = []
  for (let at = log.first(); at !== undefined; at = log.following(at)) addresses.push(at)
  return addresses
}

/** What must hold of what is left of a log. */
function check(log: MessageLog, addresses: readonly number[]): void {
  assert.equal(log.count, addresses.length)
  assert.deepEqual(all(log), addresses)
  for (const [index, address] of addresses.entries()) {
    const sequence = log.sequenceOf(address)
    assert.equal(log.at(index), address, `index ${index}`)
    assert.equal(log.after(sequence - 1), address)
    assert.equal(log.after(sequence), addresses[index + 1])
    assert.equal(log.after(sequence + 1), addresses[index + 1])
  }
  assert.equal(log.at(addresses.length), undefined)
  assert.equal(log.after(0), addresses[0])
}

test('MessageLog reads what was appended, whatever the size and the type, cut to msgsz', () => {
  const sizes = [0, 1, 3, 4, 5, 63, 64, 65, 127, 128, 129, 4_000, 70_000, 300_000, 2]
  const { log, addresses } = logOf(sizes)
  for (const [index, sizeBytes] of sizes.entries()) {
    const address = addresses[index] ?? 0
    const whole = {
      mtype: index + 1,
      mtext: bytes(sizeBytes, index),
      sequence: 2 * index + 2,
      sender: SENDER,
      time: index,
    }
    assert.deepEqual(log.read(address, Number.POSITIVE_INFINITY), whole)
    assert.deepEqual(log.read(address, 2).mtext, bytes(sizeBytes, index).subarray(0, 2).slice())
    assert.equal(log.sizeOf(address), sizeBytes)
  }
  check(log, addresses)
})

test('MessageLog keeps types, sequence numbers and times beyond 32 bits and beyond 53', () => {
  const log = new MessageLog()
  const sequences = [1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER]
  const types: readonly Long[] = [1, 2 ** 31, 2 ** 32 - 1, 2n ** 53n + 1n, LONG_MAX]
  for (const [index, sequence] of sequences.entries()) {
    const mtype = types[index] ?? 0
    const message = { mtype, mtext: Uint8Array.of(index) }
    const time = sequences[sequences.length - 1 - index] ?? 0
    const address = log.append(message, sequence, { pid: 1, uid: 2 }, time)
    assert.deepEqual(log.read(address, 9), { ...message, sequence, sender: { pid: 1, uid: 2 }, time })
    assert.equal(log.typeOf(address), mtype)
    assert.equal(BigInt(log.typeHighOf(address)) * 2n ** 32n + BigInt(log.typeLowOf(address) >>> 0), BigInt(mtype))
  }
})

test('MessageLog finds by rank and by sequence number over many records and segments, as some are killed', () => {
  const { log, addresses } = logOf(
    Array.from({ length: 200 }, (_, index) => (index % 50 === 49 ? FIFTH_BYTES : 5 * index)),
  )
  check(log, addresses)
  // Every third, then whole runs, so that blocks and segments become empty at their start, middle and end.
  const order = [...addresses.keys()].sort((a, b) => (a % 3) - (b % 3) || ((a * 37) % 200) - ((b * 37) % 200))
  const left = new Set(addresses)
  for (const [step, index] of order.entries()) {
    const address = addresses[index] ?? 0
    log.kill(address)
    left.delete(address)
    if (step % 20 === 0 || left.size < 3) check(log, [...left])
  }
  assert.equal(log.count, 0)
  assert.equal(log.first(), undefined)
})

test('MessageLog uses the room of killed messages again, also that of long ones', () => {
  const { log, addresses } = logOf([10, FIFTH_BYTES, FIFTH_BYTES, 300_000, 20])
  for (const address of addresses) log.kill(address)
  assert.equal(log.count, 0)
  const again = log.append({ mtype: 9, mtext: bytes(8, 9) }, 100, SENDER, 5)
  check(log, [again])
  const more = Array.from({ length: 12 }, (_, index) =>
    log.append({ mtype: 9, mtext: bytes(FIFTH_BYTES, index) }, 102 + 2 * index, SENDER, 5),
  )
  check(log, [again, ...more])
  for (const [index, address] of more.entries()) {
    assert.deepEqual(log.read(address, FIFTH_BYTES).mtext, bytes(FIFTH_BYTES, index))
  }
})

test('MessageLog.isSparse is true when dead records take more than half of more than two segments; pack makes it false', () => {
  const { log, addresses } = logOf([...Array.from({ length: 20 }, () => FIFTH_BYTES), 7])
  assert.equal(log.isSparse, false)
  const left = addresses.filter((_, index) => index % 5 === 2 || index === 20)
  for (const address of addresses) if (!left.includes(address)) log.kill(address)
  assert.equal(log.isSparse, true)
  const moves: [number, number][] = []
  log.pack((from, to) => moves.push([from, to]))
  assert.deepEqual(
    moves.map(([from]) => from),
    left,
  )
  assert.equal(log.isSparse, false)
  const now = moves.map(([, to]) => to)
  check(log, now)
  for (const [index, address] of now.entries()) {
    const old = index === 4 ? 20 : 5 * index + 2
    assert.deepEqual(log.read(address, FIFTH_BYTES).mtext, bytes(old === 20 ? 7 : FIFTH_BYTES, old))
  }
})

test('what MessageLog shared stays as it was, and what took it changes for itself alone', () => {
  const { log, addresses } = logOf([3, 4, 5, 6])
  const shared = log.share(18)
  const [first = 0, second = 0, third = 0] = addresses
  log.setNext(first, third)
  log.setSlot(first, 8)
  log.kill(second)
  log.append({ mtype: 99, mtext: bytes(1, 1) }, 50, SENDER, 1)
  assert.deepEqual([log.nextOf(first), log.slotOf(first)], [third, 8])
  assert.deepEqual([log.nextOf(third), log.slotOf(third)], [undefined, -1])
  assert.deepEqual(
    [...shared].map(({ mtext }) => mtext.length),
    [3, 4, 5, 6],
  )
  assert.deepEqual([shared.length, shared.cbytes, shared.tellsAll, shared.lastSequence], [4, 18, true, 8])
  const other = new MessageLog()
  other.take(shared)
  assert.equal(other.count, 4)
  other.kill(other.first() ?? 0)
  other.append({ mtype: 98, mtext: bytes(2, 2) }, 60, SENDER, 1)
  assert.deepEqual(
    all(other).map((at) => other.sequenceOf(at)),
    [4, 6, 8, 60],
  )
  assert.deepEqual(
    [...shared].map(({ mtext }) => mtext.length),
    [3, 4, 5, 6],
  )
  assert.deepEqual(
    all(log).map((at) => log.sequenceOf(at)),
    [2, 6, 8, 50],
  )
  for (const at of all(other)) other.kill(at)
  assert.deepEqual(other.share(0).records, [], 'segments without live records are not shared')
})

/** One message in numbers alone. */
function plain(source: DataView, mtype: number, start: number, sizeBytes: number): PlainMessages {
  return { source, types: Int32Array.of(mtype), starts: Int32Array.of(start), sizes: Int32Array.of(sizeBytes) }
}

test('MessagePacker packs views and plain messages alike, and knows how many tell what', () => {
  const source = new DataView(bytes(1_000, 3).buffer)
  const packed = [100, 16, 15, 128, 129, 0].flatMap((sizeBytes, index) => {
    const start = 3 + index
    const end = start + sizeBytes
    const mtext = new Uint8Array(source.buffer, start, sizeBytes)
    const [views, numbers, whole] = [new MessagePacker(), new MessagePacker(), new MessagePacker()]
    views.append({ mtype: 5, mtext, sequence: 9, sender: SENDER, time: 11, source, start, end })
    numbers.appendPlain(plain(source, 5, start, sizeBytes), 0, 1, { sequence: 9, step: 0, ...SENDER, time: 11 })
    whole.append({ mtype: 5, mtext, sequence: 9, sender: SENDER, time: 11 })
    return [views, numbers, whole].map((packer) => ({ packed: packer.packed(), mtext, packer }))
  })
  for (const { packed: each, mtext, packer } of packed) {
    assert.deepEqual([...each], [{ mtype: 5, mtext: mtext.slice(), sequence: 9, sender: SENDER, time: 11 }])
    assert.deepEqual([packer.length, each.cbytes, each.tellsAll], [1, mtext.length, true])
    assert.deepEqual(each.told, { sequence: 1, sender: 1, time: 1 })
    const [view] = viewsOf(each)
    assert.deepEqual([view?.mtext, view?.sequence, view?.sender, view?.time], [mtext.slice(), 9, SENDER, 11])
  }
})

test('MessagePacker keeps what a message does not tell apart from what it tells, at 0 too', () => {
  const packer = new MessagePacker()
  const source = new DataView(new ArrayBuffer(4))
  packer.appendPlain(plain(source, 1, 0, 2), 0, 1, { sequence: -1, step: 0, pid: -1, uid: -1, time: -1 })
  packer.append({ mtype: 2, mtext: new Uint8Array(0) })
  packer.appendPlain(plain(source, 1, 0, 0), 0, 1, { sequence: 3, step: 0, pid: 0, uid: 0, time: 0 })
  packer.append({ mtype: 4, mtext: new Uint8Array(1), sequence: 4, sender: { pid: 0, uid: 0 }, time: 0 })
  const packed = packer.packed()
  assert.deepEqual(
    [...packed],
    [
      { mtype: 1, mtext: new Uint8Array(2) },
      { mtype: 2, mtext: new Uint8Array(0) },
      { mtype: 1, mtext: new Uint8Array(0), sequence: 3, sender: { pid: 0, uid: 0 }, time: 0 },
      { mtype: 4, mtext: new Uint8Array(1), sequence: 4, sender: { pid: 0, uid: 0 }, time: 0 },
    ],
  )
  assert.deepEqual([...viewsOf(packed)].length, 4)
  assert.deepEqual([packed.told, packed.tellsAll, packed.cbytes], [{ sequence: 2, sender: 2, time: 2 }, false, 3])
  const again = new MessagePacker()
  again.take(packed)
  assert.deepEqual([again.length, again.packed().told, again.packed().cbytes], [4, packed.told, 3])
})

test('MessageLog puts a message that fits no more behind an empty segment into another, and order stays', () => {
  const log = new MessageLog()
  const append = (sequence: number, sizeBytes: number) =>
    log.append({ mtype: 1, mtext: bytes(sizeBytes, sequence) }, sequence, SENDER, 1)
  append(2, 10)
  log.kill(append(4, FIFTH_BYTES))
  const [long, behind] = [append(6, 300_000), append(8, FIFTH_BYTES)]
  check(log, [log.first() ?? 0, long, behind])
  assert.deepEqual(log.read(behind, 9).mtext, bytes(9, 8))
})

test('cbytesOf and toldBy count what an array tells, and know it of packed messages', () => {
  const messages = [
    { mtype: 1, mtext: bytes(5, 1), sequence: 1, sender: SENDER, time: 0 },
    { mtype: 1, mtext: bytes(7, 1), sequence: 2, sender: SENDER },
    { mtype: 1, mtext: bytes(0, 1), sequence: 3 },
  ]
  const packer = new MessagePacker()
  for (const message of messages) packer.append(message)
  for (const each of [messages, packer.packed()]) {
    assert.equal(cbytesOf(each), 12)
    assert.deepEqual(toldBy(each), { sequence: 3, sender: 2, time: 1 })
  }
})
