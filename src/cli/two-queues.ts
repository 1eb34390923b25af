import type { IpcNamespace } from '../contract/index.ts'
import type { QueuePlace } from '../transfer/index.ts'
import { textOption } from './arguments.ts'
import type { Arguments, CommandContext } from './command.ts'
import { UsageError } from './errors.ts'
import { openOperand } from './open-url.ts'
import { findQueue, queueNameFrom } from './queue-name.ts'

/** Operands of `mv` and `cp`. */
export const TWO_QUEUES = '[URL] QUEUE [URL] QUEUE'
const WAYS = 'write SOURCE-URL QUEUE TARGET-URL QUEUE; or, in the one namespace of --namespace, QUEUE QUEUE'

/** Opens the two queues of a command line, and closes their namespaces afterwards. @throws {UsageError} */
export async function withTwoQueues(
  given: Arguments,
  context: CommandContext,
  use: (source: QueuePlace, target: QueuePlace) => Promise<void>,
): Promise<void> {
  const { operands } = given
  const [sourceUrl, targetUrl] = urlsOf(operands, textOption(given, 'namespace') !== undefined)
  const names = operands.filter((_, at) => operands.length === 2 || at % 2 === 1).map(queueNameFrom)
  const [sourceName, targetName] = names
  if (sourceName === undefined || targetName === undefined) throw new Error('assertion: two operands name queues')
  const opened: IpcNamespace[] = []
  const open = async (url: string) => {
    const namespace = await openOperand(url, WAYS)
    opened.push(namespace)
    return namespace
  }
  try {
    const from = sourceUrl === undefined ? await context.openNamespace() : await open(sourceUrl)
    const to = targetUrl === undefined || targetUrl === sourceUrl ? from : await open(targetUrl)
    const source = { namespace: from, msqid: await findQueue(from, sourceName) }
    const target = { namespace: to, msqid: await findQueue(to, targetName) }
    if (from === to && source.msqid === target.msqid) {
      throw new UsageError(`source and target are one queue, ${source.msqid}`, 'name two queues')
    }
    await use(source, target)
  } finally {
    for (const namespace of opened) await namespace.close()
  }
}

function urlsOf(operands: readonly string[], isNamed: boolean): readonly (string | undefined)[] {
  const first = operands.slice(0, 2).join(' ')
  if (operands.length === 2 && operands.some(isUrl))
    throw new UsageError(`${first} is one queue, and two are needed`, WAYS)
  if (operands.length === 2) return []
  if (operands.length !== 4) throw new UsageError('three operands do not name two queues', WAYS)
  if (isNamed) throw new UsageError('--namespace and two URLs exclude each other', WAYS)
  return [operands[0], operands[2]]
}

/** `key:5063495` and a number are queues; `linux:` is a namespace. */
function isUrl(word: string): boolean {
  return /^[a-z]+:/.test(word) && !word.startsWith('key:') && !word.startsWith('ftok:')
}

/** `queue 5 of linux:` */
export function placeWords({ namespace, msqid }: QueuePlace): string {
  return `queue ${msqid} of ${namespace.url}`
}
