import { strict as assert } from 'node:assert'
import { ALL_CAPABILITIES } from '../../src/abi/index.ts'
import { type Node, openJetstreamNamespace, removeJetstreamNamespace } from '../../src/backends/jetstream/index.ts'
import { OpenedEmbedded } from '../../src/cli/conformance/embedded-target.ts'
import type { OpenedTarget, Target } from '../../src/conformance/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import type { Caller } from '../../src/engine/index.ts'
import type { NatsCluster } from './nats-cluster.ts'

const ROOT: Caller = { pid: 5_000_000, tid: 5_000_000, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }

/** How often a case went on at another replica. */
export const moves = { count: 0 }
let lastName = 0

/**
 * Namespaces on real servers, each open at so many replicas. A case begins at the first and goes on, mid-way, at the
 * next; when it has ended, all replicas must have the same state.
 */
export function clusteredTarget(name: string, cluster: () => NatsCluster, replicas: 1 | 3): Target {
  return {
    name,
    capabilities: ({ checkpointRestore = true, msgCopy = 'index' }) => ({
      copy: checkpointRestore ? msgCopy : 'none',
      cursors: checkpointRestore,
      held: true,
      waiting: true,
      senders: true,
      sync: 'none',
      as: true,
      history: false,
      restores: 'everything',
    }),
    async open(options): Promise<OpenedTarget> {
      const stream = `case${++lastName}`
      const nodes: Node[] = []
      const opened: IpcNamespace[] = []
      for (let index = 0; index < replicas; index++) {
        const url = cluster().url(stream, index)
        const given = { ...options, ownerUid: 0, caller: ROOT, onNode: (node: Node) => nodes.push(node) }
        opened.push(await openJetstreamNamespace(url, given))
      }
      let at = 0
      const [first] = opened
      assert.ok(first !== undefined)
      const embedded = new OpenedEmbedded(first.as(ROOT), {
        move: async (namespace) => {
          const next = opened[++at % replicas]
          if (replicas === 1 || next === undefined) return namespace
          moves.count++
          await namespace.close()
          return next.as(ROOT)
        },
      })
      return {
        self: embedded.self,
        process: (options) => embedded.process(options),
        midway: () => embedded.midway(),
        untilWaiting: (process, msqid) => embedded.untilWaiting(process, msqid),
        close: async () => {
          await embedded.close()
          for (const node of nodes) await node.catchUp()
          await assertAgreed(nodes)
          for (const namespace of opened) await namespace.close()
          await removeJetstreamNamespace(cluster().url(stream))
        },
      }
    },
  }
}

/** All that was in the log when the last one was asked is applied by every replica that has come so far. */
async function assertAgreed(nodes: readonly Node[]): Promise<void> {
  for (;;) {
    const positions = nodes.map(({ position }) => position)
    const [first] = positions
    if (positions.every(({ sequence }) => sequence === first?.sequence)) {
      for (const { hash } of positions) assert.equal(hash, first?.hash, 'replicas that applied the same log differ')
      return
    }
    for (const node of nodes) await node.catchUp()
  }
}
