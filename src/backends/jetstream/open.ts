import { ALL_CAPABILITIES } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import type { Caller, NamespaceOptions } from '../../engine/index.ts'
import { seenNode } from './cluster-status.ts'
import { JetstreamNamespace } from './jetstream-namespace.ts'
import { NatsLog } from './nats-log.ts'
import { readNatsUrl } from './nats-url.ts'
import { Node } from './node.ts'
import type { NodeOptions } from './node-options.ts'
import { Waiters } from './waiters.ts'

export interface JetstreamOptions extends NamespaceOptions, NodeOptions {
  /** Who calls. Default: this process. */
  readonly caller?: Caller
  /** Hears of the node, for those who compare replicas. */
  readonly onNode?: (node: Node) => void
}

/**
 * Opens a namespace that a NATS JetStream cluster keeps, or begins it.
 *
 * @param options What a namespace is begun with; one that is there is as its log has it.
 * @throws {TypeError} not such a URL. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` no server, an old one, or no client installed.
 */
export async function openJetstreamNamespace(
  url: string,
  { caller = thisProcess(), onNode, ...options }: JetstreamOptions = {},
): Promise<IpcNamespace> {
  const { shown, readsLocally, msgCopy, ...log } = readNatsUrl(url)
  const opened = await NatsLog.open(log)
  try {
    const node = await Node.open(opened, {
      ownerUid: caller.uid,
      ...(msgCopy !== undefined && { msgCopy }),
      ...options,
    })
    opened.onAsked(() => JSON.stringify(seenNode(node)))
    onNode?.(node)
    return new JetstreamNamespace({ node, waiters: new Waiters(node), url: shown, readsLocally }, caller)
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** Removes a namespace from its cluster, with all that is queued. @throws as `openJetstreamNamespace`. */
export async function removeJetstreamNamespace(url: string): Promise<void> {
  const log = await NatsLog.open(readNatsUrl(url))
  try {
    await log.remove()
  } finally {
    await log.close()
  }
}

function thisProcess(): Caller {
  const { pid } = process
  const uid = process.geteuid?.() ?? 0
  return {
    pid,
    tid: pid,
    uid,
    gid: process.getegid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
    capabilities: uid === 0 ? ALL_CAPABILITIES : [],
  }
}
