import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ALL_CAPABILITIES } from '../../src/abi/index.ts'
import { openDaemonNamespace } from '../../src/backends/daemon/index.ts'
import { NamespaceService } from '../../src/backends/daemon/server/namespace-service.ts'
import { Server } from '../../src/backends/daemon/server/server.ts'
import { OpenedEmbedded, openRootNamespace } from '../../src/cli/conformance/embedded-target.ts'
import type { OpenedTarget, Target } from '../../src/conformance/index.ts'
import type { Capabilities, IpcNamespace } from '../../src/contract/index.ts'
import type { Caller, NamespaceOptions } from '../../src/engine/index.ts'
import { ServedNamespace } from './served.ts'

/** How often a daemon was killed in the middle of a case, and started again. */
export const restarts = { count: 0 }

/** Connections come from this process: as the cases' root, whoever runs them. */
const ROOT: Caller = { pid: 5_000_000, tid: 5_000_000, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }

/** Namespaces of daemons, each reached through its socket; `restarting`: killed mid-way, and gone on with from the journal. */
export function servedTarget(name: string, restarting: boolean): Target {
  return {
    name,
    capabilities: (options) => ({ ...capabilities(options), history: true }),
    async open(options): Promise<OpenedTarget> {
      const served = await ServedNamespace.start({ ...options, ownerUid: 0 }, { peerOf: () => ROOT })
      let connection = await served.connect()
      const move = async (namespace: IpcNamespace) => {
        if (!restarting) return namespace
        restarts.count++
        await served.kill()
        await served.start()
        await connection.close()
        connection = await served.connect()
        return connection.as(ROOT)
      }
      const opened = new OpenedEmbedded(connection.as(ROOT), { move })
      return new Closing(opened, async () => {
        await opened.close()
        await connection.close()
        await served[Symbol.asyncDispose]()
      })
    },
  }
}

/** Namespaces of this process behind sockets: what a server does with a namespace that is no engine of its own. */
export const lentTarget: Target = {
  name: 'unix: of memory:',
  capabilities,
  async open(options): Promise<OpenedTarget> {
    const directory = await mkdtemp(join(tmpdir(), 'msgq-lent-'))
    const path = join(directory, 'socket')
    const service = new NamespaceService(openRootNamespace(options))
    const server = await Server.listen({ path, service, peerOf: () => ROOT })
    const connection = await openDaemonNamespace(path)
    const opened = new OpenedEmbedded(connection.as(ROOT))
    return new Closing(opened, async () => {
      await opened.close()
      await connection.close()
      await server.close()
      await service.close()
      await rm(directory, { recursive: true })
    })
  },
}

function capabilities({ checkpointRestore = true, msgCopy = 'index' }: NamespaceOptions): Capabilities {
  return {
    copy: checkpointRestore ? msgCopy : 'none',
    cursors: checkpointRestore,
    held: true,
    waiting: true,
    senders: true,
    sync: 'none',
    as: true,
    history: false,
    restores: 'everything',
  }
}

/** An opened target that has more to let go of. */
class Closing implements OpenedTarget {
  readonly self: OpenedTarget['self']
  readonly close: () => Promise<void>
  readonly #opened: OpenedTarget

  constructor(opened: OpenedTarget, close: () => Promise<void>) {
    this.#opened = opened
    this.self = opened.self
    this.close = close
  }

  process: OpenedTarget['process'] = (options) => this.#opened.process(options)
  midway: OpenedTarget['midway'] = () => this.#opened.midway()
  untilWaiting: OpenedTarget['untilWaiting'] = (process, msqid) => this.#opened.untilWaiting(process, msqid)
}
