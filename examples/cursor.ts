/**
 * Two readers of one queue that take nothing: each has a cursor, its own position. A receive by somebody else makes
 * neither of them skip a message or read one twice, as it would by index.
 */
import { json, MessageQueue, openNamespace } from 'msgq'

interface Reading {
  celsius: number
}

await using namespace = await openNamespace('memory:')
await using readings = await MessageQueue.temporary(namespace, json<Reading>())
for (const celsius of [4, 19, 5, 21]) await readings.send({ celsius }, { type: celsius > 10 ? 2 : 1 })

const all = readings.cursor()
const warm = readings.cursor({ type: 2 })
console.log('all: ', (await all.next()).payload.celsius)
console.log('warm:', (await warm.next()).payload.celsius)

const taken = await readings.receive()
console.log('somebody else took', taken.payload.celsius)

for (let next = await all.tryNext(); next !== undefined; next = await all.tryNext()) {
  console.log('all: ', next.payload.celsius)
}
console.log('warm:', (await warm.next()).payload.celsius)

// A position can be kept and gone on from, tomorrow or in another process that has the namespace.
await readings.send({ celsius: 23 }, { type: 2 })
const later = readings.cursor({ type: 2, after: warm.position })
console.log('later:', (await later.next()).payload.celsius, `of ${(await readings.stat()).qnum} still queued`)
