import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NatsLog } from '../../src/backends/jetstream/nats-log.ts'
import { NO_FAULTS } from './log-keeper.ts'
import { NatsServers } from './nats-servers.ts'
import { Network } from './network.ts'
import { ask, delay, play } from './stage.ts'
import { World } from './world.ts'

const SEED = 2012
const NETWORK = { latencyMs: 1, slow: 0, bufferBytes: 65_536, connectsMax: 100 }
const SERVERS = { latencyMs: 1, idMemoryMs: 120_000 }
/** Less than a reading needs to find that nobody is there. */
const OUTAGE_MS = 4_000
/** What asking again takes at most, and two ways. */
const BOUND_MS = 300

test('a reading that nobody answers asks again as soon as ever, however long the readings of an outage took', async () => {
  const world = new World(SEED)
  const network = new Network(world, NETWORK)
  const servers = new NatsServers(world, network, 'read', SERVERS)
  const node = world.spawn('node', async () => undefined)
  node.clockRate = 1
  /** @returns Milliseconds that a reading takes of which everything is lost for so long. */
  const readingIn = async (log: NatsLog, lostMs: number) => {
    servers.faults = { ...NO_FAULTS, lost: 100 }
    const since = world.now
    const reading = ask(world, node, 'reads', () => log.read(1))
    await delay(world, lostMs)
    servers.heal()
    equal((await reading).length, 1)
    return world.now - since
  }
  await play(world, network, async () => {
    const log = await ask(world, node, 'opens', () => NatsLog.open({ servers: servers.servers, name: 'read' }))
    await ask(world, node, 'appends', () => log.append(Buffer.from('a record'), 'an id'))
    const outageMs = await readingIn(log, OUTAGE_MS)
    ok(outageMs > OUTAGE_MS && outageMs < OUTAGE_MS + BOUND_MS, `${outageMs} ms`)
    const afterMs = await readingIn(log, 10)
    ok(afterMs > 10 && afterMs < BOUND_MS, `${afterMs} ms`)
    await ask(world, node, 'closes', () => log.close())
  })
})
