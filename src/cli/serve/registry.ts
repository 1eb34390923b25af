import { Gauge, Registry } from 'prom-client'
import type { Metric } from '../metrics.ts'

/** Measures as Prometheus has them. */
export function registryOf(metrics: readonly Metric[]): Registry {
  const registry = new Registry()
  for (const { name, help, samples } of metrics) {
    const [first] = samples
    if (first === undefined) continue
    const gauge = new Gauge({ name, help, labelNames: Object.keys(first.labels), registers: [registry] })
    for (const { labels, value } of samples) gauge.set(labels, value)
  }
  return registry
}
