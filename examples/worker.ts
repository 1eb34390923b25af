/**
 * A worker that loses no job: it holds a message while it works, and accepts it when the work is done. What it does not
 * accept, because the work failed, stands on the queue again at its place.
 */
import { MessageQueue, openNamespace, text } from 'msgq'

await using namespace = await openNamespace('memory:')
await using jobs = await MessageQueue.temporary(namespace, text)
for (const job of ['resize cat.jpg', 'resize dog.jpg', 'resize owl.jpg']) await jobs.send(job)

let failures = 0
while ((await jobs.stat()).qnum > 0) {
  try {
    await work()
  } catch (error) {
    console.log('failed:', error instanceof Error ? error.message : error)
  }
}
console.log('done, nothing was lost')

async function work(): Promise<void> {
  // At the end of this scope, accepted or not, the message is no longer held.
  await using job = await jobs.receive({ hold: true })
  if (job.payload.includes('dog') && failures++ === 0) throw new Error(`${job.payload}: the disk is full`)
  await job.accept()
  console.log('finished:', job.payload)
}
