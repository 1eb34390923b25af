import { spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { IPC_NOWAIT, IPC_PRIVATE, IPC_RMID } from '../../abi/index.ts'
import { BackendError, type IpcNamespace } from '../../contract/index.ts'
import { openNamespace } from '../../open/index.ts'
import { bytes, MessageQueue } from '../../queue/index.ts'
import type { Content } from '../content.ts'
import { statOf } from '../queues.ts'
import { count, listOf } from '../words.ts'
import { EXAMPLE_QUEUES, exampleMessages } from './fill.ts'

/** What the kernel's queues went through, in an IPC namespace of their own. */
export interface KernelResult {
  readonly content: Content
  readonly copied: number
  /** The lines of ipcs(1), before and after the checkpoint; absent where there is no ipcs. */
  readonly ipcsBefore?: readonly string[]
  readonly ipcsAfter?: readonly string[]
  readonly msqids: readonly number[]
  /** Fields that differ from before, and those of which the restore said so. */
  readonly differing: readonly string[]
  readonly notRestored: readonly string[]
}

/** Ways to a private IPC namespace: as root, or as root of a user namespace of one's own. */
const UNSHARE_WAYS = [['--ipc'], ['--user', '--map-root-user', '--ipc']] as const

/** A child that takes longer than this is stuck: it sends some twenty messages. */
const CHILD_TIMEOUT_MS = 60_000

/** Tells of the same on the kernel's queues, or why there are none to be had. Leaves the machine's own queues alone. */
export async function kernelLines(): Promise<string[]> {
  let namespace: IpcNamespace
  try {
    namespace = await openNamespace('linux:')
  } catch (error) {
    if (error instanceof BackendError) return ["The kernel's queues (linux:) are not to be had here", reasonOf(error)]
    throw error
  }
  try {
    const result = inPrivateNamespace()
    if (typeof result !== 'string') return resultLines(result)
    return await privateQueueLines(namespace, result)
  } finally {
    await namespace.close()
  }
}

/** @returns What came of it, or why there is no private IPC namespace. */
function inPrivateNamespace(): KernelResult | string {
  const child = fileURLToPath(new URL('./kernel-child.js', import.meta.url))
  let reason = ''
  for (const way of UNSHARE_WAYS) {
    const { status, stdout, stderr, error } = spawnSync(
      'unshare',
      [...way, '--', process.execPath, child, ipcNamespaceOf('self')],
      { encoding: 'utf8', timeout: CHILD_TIMEOUT_MS },
    )
    if (status === 0) return JSON.parse(stdout) as KernelResult
    reason = error?.message ?? stderr.trim().split('\n')[0] ?? `unshare ended with ${status}`
  }
  return reason
}

/** The IPC namespace of a process, as /proc names it: `ipc:[4026531839]`. */
export function ipcNamespaceOf(process: 'self' | number): string {
  return readlinkSync(`/proc/${process}/ns/ipc`)
}

function resultLines(result: KernelResult): string[] {
  const { content, copied, ipcsBefore, ipcsAfter, msqids, differing, notRestored } = result
  const unexplained = differing.filter((field) => !notRestored.includes(field))
  const rest = unexplained.length === 0 ? 'no other difference' : `these differ too: ${unexplained.join(', ')}`
  return [
    `The same with the queues of the running kernel (linux:, Linux ${kernelRelease()})`,
    "In an IPC namespace of its own (unshare), away from this machine's queues:",
    ...(ipcsBefore ?? []),
    `msgsnd(2) sent ${count(content.messages, 'message')}, MSG_COPY copied ${copied}; a checkpoint saved all.`,
    ...(ipcsBefore === undefined ? [] : [`What ipcs -q prints after that: ${isSame(ipcsBefore, ipcsAfter)}.`]),
    `Removed, and restored from the files: ids ${listOf(msqids)} again. The kernel sets`,
    `${listOf([...new Set(notRestored)])} itself; ${rest}.`,
  ]
}

function isSame(before: readonly string[], after: readonly string[] | undefined): string {
  return before.join('\n') === after?.join('\n') ? 'the same lines' : `other lines!\n${after?.join('\n')}`
}

/** Without a namespace of its own: one queue without a key, and no checkpoint, which would take in other people's. */
async function privateQueueLines(namespace: IpcNamespace, reason: string): Promise<string[]> {
  const msqid = await namespace.msgget(IPC_PRIVATE, 0o600)
  try {
    for (const queue of EXAMPLE_QUEUES) {
      for (const message of exampleMessages(queue)) await namespace.msgsnd(msqid, message, IPC_NOWAIT)
    }
    const before = await statOf(namespace, msqid)
    const copied = await copiesOf(namespace, msqid)
    const after = await statOf(namespace, msqid)
    return [
      `The same with a queue of the running kernel (linux:, Linux ${kernelRelease()})`,
      'One queue among those of this machine, for no IPC namespace of its own is to be had:',
      `${reason}.`,
      `msgsnd(2) sent ${count(before.qnum, 'message')}, MSG_COPY copied ${copied}; ${after.qnum} are still there.`,
      'No checkpoint here: it takes all queues of a namespace. The queue is removed again.',
    ]
  } finally {
    await namespace.msgctl(msqid, IPC_RMID)
  }
}

/** How many messages can be copied; 0 where the kernel cannot copy. */
export async function copiesOf(namespace: IpcNamespace, msqid: number): Promise<number> {
  if (namespace.capabilities.copy === 'none') return 0
  const queue = await MessageQueue.at(namespace, msqid, bytes)
  let copied = 0
  for await (const _ of queue.copies()) copied++
  return copied
}

/** `6.18.44`, without what a distribution appends. */
function kernelRelease(): string {
  return release().replace(/-.*/, '')
}

function reasonOf({ message }: BackendError): string {
  return message.replace(/^ERR_MSGQ_\w+: /, '')
}
