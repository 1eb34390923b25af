import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import { clusteredTarget, moves } from '../jetstream/clustered-target.ts'
import { NatsCluster } from '../jetstream/nats-cluster.ts'
import { conformanceWithCounts } from './counts.ts'

let single: NatsCluster
let three: NatsCluster
before(async () => {
  single = await NatsCluster.start(1)
  three = await NatsCluster.start(3)
})
after(async () => {
  await single[Symbol.asyncDispose]()
  await three[Symbol.asyncDispose]()
})

conformanceWithCounts(clusteredTarget('nats: one server', () => single, 1))
conformanceWithCounts(clusteredTarget('nats: three servers, three replicas', () => three, 3))

test('other replicas went on with most cases', (t) => {
  t.diagnostic(`${moves.count} cases went on at another replica`)
  assert.ok(moves.count >= 150, `${moves.count} moves`)
})
