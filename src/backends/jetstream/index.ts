/** Engines on several machines that agree, over a log which NATS JetStream replicates. */
export type { Node } from './node.ts'
export { type JetstreamOptions, openJetstreamNamespace, removeJetstreamNamespace } from './open.ts'
