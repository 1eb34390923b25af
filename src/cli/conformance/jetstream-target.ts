import { randomBytes } from 'node:crypto'
import { ALL_CAPABILITIES } from '../../abi/index.ts'
import { type Node, openJetstreamNamespace, removeJetstreamNamespace } from '../../backends/jetstream/index.ts'
import type { OpenedTarget, Target } from '../../conformance/index.ts'
import type { Caller } from '../../engine/index.ts'
import { OpenedEmbedded } from './embedded-target.ts'

const ROOT: Caller = { pid: 5_000_000, tid: 5_000_000, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }

export interface JetstreamTargetOptions {
  readonly name: string
  /** The URL of a namespace that is made for a case, for each replica of it. */
  readonly urls: (namespace: string) => readonly [string, ...string[]]
  /** Hears of a case that went on at another replica. */
  readonly onMove?: () => void
  /** Sees all replicas when a case has ended. */
  readonly onEnd?: (nodes: readonly Node[]) => Promise<void>
}

/**
 * Namespaces on real servers, one for each case, removed at its end. A case begins at the first replica and goes on,
 * mid-way, at the next.
 */
export function jetstreamTarget({ name, urls, onMove, onEnd }: JetstreamTargetOptions): Target {
  // Nobody else's namespaces have such names.
  const run = randomBytes(6).toString('hex')
  let lastCase = 0
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
      const [url, ...otherUrls] = urls(`conformance-${run}-${++lastCase}`)
      const nodes: Node[] = []
      const open = (each: string) =>
        openJetstreamNamespace(each, { ...options, ownerUid: 0, caller: ROOT, onNode: (node) => nodes.push(node) })
      const first = await open(url)
      const opened = [first, ...(await Promise.all(otherUrls.map(open)))]
      let at = 0
      const embedded = new OpenedEmbedded(first.as(ROOT), {
        move: async (namespace) => {
          const next = opened[++at % opened.length]
          if (opened.length === 1 || next === undefined) return namespace
          onMove?.()
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
          await onEnd?.(nodes)
          await Promise.all(opened.map((namespace) => namespace.close()))
          await removeJetstreamNamespace(url)
        },
      }
    },
  }
}
