/** Engines on several machines that agree, over a log which NATS JetStream replicates. */
export { type ClusterStatus, clusterStatus } from './cluster-status.ts'
export { SERVER_VERSION_LEAST } from './nats-log.ts'
export { natsModules } from './nats-modules.ts'
export { readNatsUrl, siblingUrl } from './nats-url.ts'
export type { Node } from './node.ts'
export { type JetstreamOptions, openJetstreamNamespace, removeJetstreamNamespace } from './open.ts'
