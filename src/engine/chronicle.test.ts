import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aimed, entriesWithRestores, opening, options } from '../../test/engine/random-entries.ts'
import { Chronicle, Engine, type HistoryEvent } from './index.ts'

/** What a reader of the events believes to be on each queue: the numbers of its messages. */
class Believed {
  readonly queues = new Map<number, Set<number>>()
  /** Of queues that a restore brought, whose messages no event tells. */
  readonly restored = new Set<number>()

  see({ event, msqid, sequence = 0 }: HistoryEvent): void {
    if (event === 'removed') this.queues.delete(msqid)
    if (event === 'created' || event === 'restored') this.queues.set(msqid, new Set())
    if (event === 'created' || event === 'removed') this.restored.delete(msqid)
    if (event === 'restored') this.restored.add(msqid)
    const messages = this.queues.get(msqid)
    if (event === 'sent') {
      assert.ok(messages !== undefined && !messages.has(sequence), `${sequence} is sent to queue ${msqid}, once`)
      messages.add(sequence)
    }
    if (event === 'received' && !this.restored.has(msqid)) {
      assert.ok(messages?.delete(sequence), `${sequence} was on queue ${msqid}`)
    }
  }
}

test('Chronicle tells of every message that came and went, and of every queue', () => {
  let told = 0
  fc.assert(
    fc.property(options, entriesWithRestores, (made, entries) => {
      const engine = new Engine(made)
      const chronicle = new Chronicle(engine)
      const believed = new Believed()
      for (const each of [...opening, ...entries]) {
        for (const event of chronicle.apply(aimed(each, engine))) {
          believed.see(event)
          told++
        }
      }
      const queues = [...engine.namespace.identifiers.queues()]
      assert.deepEqual([...believed.queues.keys()].sort(), queues.map(({ msqid }) => msqid).sort())
      for (const { msqid, qnum } of queues) {
        if (!believed.restored.has(msqid)) assert.equal(believed.queues.get(msqid)?.size, qnum)
      }
    }),
    { numRuns: 2_000 },
  )
  assert.ok(told > 10_000, `${told} events`)
})
