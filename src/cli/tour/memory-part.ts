import { INT_MAX, IPC_NOWAIT } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import type { Checkpoint } from '../../engine/index.ts'
import { openNamespace } from '../../open/index.ts'
import { bytes, MessageQueue } from '../../queue/index.ts'
import { contentOf, contentWords } from '../content.ts'
import type { Style } from '../output.ts'
import { payloadLines } from '../payload.ts'
import { allQueues, QUEUE_COLUMNS, queueRow } from '../queues.ts'
import { tableLines } from '../table.ts'
import { Users } from '../users.ts'
import { listOf } from '../words.ts'
import { differingFields } from './comparison.ts'
import { EXAMPLE_QUEUES, fillQueues } from './fill.ts'
import { withImage } from './with-image.ts'

/** Most columns that a shown line has. */
const LINE_COLUMNS = 80

/** Fills queues of the embedded namespace, copies, saves and restores them, and tells of each step. */
export async function memoryLines(style: Style): Promise<string[]> {
  const namespace = await openNamespace('memory:')
  const msqids = await fillQueues(namespace)
  const lines = [
    style.bold('1. Three queues in this process (memory:), filled from the files in examples/'),
    ...(await queueLines(namespace, style)),
    '',
    style.bold('2. copy: read without taking. The oldest message of each, and its type:'),
    ...(await oldestLines(namespace, msqids)),
  ]
  const taken = await namespace.checkpoint()
  await withImage(taken, async ({ directory, files, image }) => {
    const names = files.map(({ name, sizeBytes }) => `${name} (${sizeBytes} bytes)`)
    const elsewhere = await openNamespace('memory:')
    const restored = await elsewhere.restore(image.checkpoint)
    lines.push(
      '',
      style.bold(`3. checkpoint: saved ${contentWords(contentOf(taken))}`),
      `   in ${directory}:`,
      ...names.map((name) => `     ${name}`),
      `   Nothing was removed. Before and after: ${verdict(taken, await namespace.checkpoint())}.`,
      '',
      style.bold('4. restore: from those files into another, empty namespace'),
      `   ids ${listOf(restored.msqids)} again. Original and restored, field by field: ${verdict(taken, await elsewhere.checkpoint())}.`,
      '',
      style.bold('5. receive, there: the most urgent order first (--at-most 2)'),
      await receivedLine(elsewhere, msqids[0] ?? 0),
    )
    await elsewhere.close()
  })
  await namespace.close()
  return lines
}

async function queueLines(namespace: IpcNamespace, style: Style): Promise<string[]> {
  const users = new Users()
  const rows = (await allQueues(namespace)).map((queue) => queueRow(queue, users))
  return tableLines(QUEUE_COLUMNS, rows, style).map((line) => `   ${line}`)
}

async function oldestLines(namespace: IpcNamespace, msqids: readonly number[]): Promise<string[]> {
  const lines: string[] = []
  for (const [index, { name }] of EXAMPLE_QUEUES.entries()) {
    const queue = await MessageQueue.at(namespace, msqids[index] ?? 0, bytes)
    const message = await queue.copy(0)
    if (message === undefined) throw new Error(`assertion: nothing was sent to ${name}`)
    lines.push(shortened(`   ${name.padEnd(9)} ${String(message.type).padEnd(17)} ${firstLine(message.payload)}`))
  }
  return lines
}

async function receivedLine(namespace: IpcNamespace, msqid: number): Promise<string> {
  const { mtype, mtext } = await namespace.msgrcv(msqid, INT_MAX, -2, IPC_NOWAIT)
  return shortened(`   type ${mtype}: ${firstLine(mtext)}`)
}

function verdict(one: Checkpoint, other: Checkpoint): string {
  const differing = differingFields(one, other)
  return differing.length === 0 ? 'no difference' : `these differ: ${differing.join(', ')}`
}

/** The first line of a payload; a hex dump without the room for bytes that it does not have. */
function firstLine(mtext: Uint8Array): string {
  return (payloadLines(mtext)[0] ?? '').replace(/ {2,}/g, '  ')
}

function shortened(line: string): string {
  return line.length <= LINE_COLUMNS ? line : `${line.slice(0, LINE_COLUMNS - 1)}…`
}
