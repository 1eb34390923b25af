import { json, MessageQueue, openNamespace } from 'msgq'

await using namespace = await openNamespace('memory:') // 'linux:' is the running kernel
const jobs = await MessageQueue.create(namespace, 0x4a0b5, json<{ id: number }>())
await jobs.send({ id: 7 }, { type: 2 })

for await (const { payload } of jobs.copies()) console.log('copied', payload.id) // → copied 7
const checkpoint = await namespace.checkpoint() // one instant, nothing removed
await using elsewhere = await openNamespace('memory:')
await elsewhere.restore(checkpoint) // the same ids, order, limits, owners, times
const moved = await MessageQueue.open(elsewhere, 0x4a0b5, json<{ id: number }>())
console.log('received', (await moved.receive({ atMost: 3 })).payload.id) // → received 7
