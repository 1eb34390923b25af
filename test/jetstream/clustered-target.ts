import { jetstreamTarget } from '../../src/cli/conformance/jetstream-target.ts'
import type { Target } from '../../src/conformance/index.ts'
import type { NatsCluster } from './nats-cluster.ts'
import { assertAgreed } from './replicas.ts'

/** How often a case went on at another replica. */
export const moves = { count: 0 }

/** Namespaces that are each open at so many replicas; when a case has ended, all of them must have the same state. */
export function clusteredTarget(name: string, cluster: () => NatsCluster, replicas: 1 | 3): Target {
  return jetstreamTarget({
    name,
    urls: (namespace) => {
      const others = Array.from({ length: replicas - 1 }, (_, index) => cluster().url(namespace, index + 1))
      return [cluster().url(namespace), ...others]
    },
    onMove: () => moves.count++,
    onEnd: assertAgreed,
  })
}
