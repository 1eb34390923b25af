import { option } from '../arguments.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import { type Labels, measure } from '../metrics.ts'
import { openUrl } from '../open-url.ts'

/** `msgq metrics [URL]` */
export const metrics: Command = {
  name: 'metrics',
  summary: 'depth and limits of all queues, for Prometheus',
  operands: '[URL]',
  operandCount: { least: 0, most: 1 },
  options: {
    label: { type: 'string', value: 'NAME=VALUE', help: 'add this label to every sample: container=shop' },
  },
  alsoKnownAs: ['prometheus', 'exporter', 'stats'],
  details: `Prints every queue's messages, bytes, limit and times, and the namespace's limits and queues in use, in
Prometheus's text format; with --json the same as an array. Needs no permission on the queues, and changes nothing.
Where several namespaces are measured, --label tells them apart. URL may stand after the name, as well as in
--namespace.`,
  examples: [
    { command: 'msgq metrics linux:', does: "the kernel's queues" },
    { command: "msgq metrics 'linux:?pid=1234' --label container=shop", does: "a container's" },
    {
      command: 'msgq metrics linux: > msgq.new && mv msgq.new msgq.prom',
      does: "for node_exporter's textfile collector",
    },
  ],
  async run(given, context) {
    const { output } = context
    const label = option(given, 'label', labelFrom) ?? {}
    await using opened = await openUrl(given, context)
    const metrics = await measure(opened.namespace, label)
    if (output.isJson) return output.json(metrics)
    const { registryOf } = await import('../serve/registry.ts')
    // Nothing stands between two measures, as in what node_exporter's collector reads of others.
    await output.bytes((await registryOf(metrics).metrics()).replaceAll('\n\n', '\n'))
  },
}

/** @throws {UsageError} Names that begin with `__` are Prometheus's own, `id` and `key` are ours. */
function labelFrom(name: string, text: string): Labels {
  const [, label, value] = /^((?!__)[a-zA-Z_]\w*)=(.*)$/s.exec(text) ?? []
  if (label === undefined || value === undefined) {
    throw new UsageError(
      `${name} ${text} is not a label`,
      'write NAME=VALUE; a name has letters, digits and _: host=db1',
    )
  }
  if (label === 'id' || label === 'key')
    throw new UsageError(`every queue has a label ${label} already`, 'use another name')
  return { [label]: value }
}
