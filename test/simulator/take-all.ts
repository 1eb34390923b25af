import type { IpcNamespace } from '../../src/contract/index.ts'
import type { Account } from './account.ts'
import { textOf } from './programs.ts'
import type { World } from './world.ts'

/** Takes everything that is on the queues. */
export async function takeAll(
  world: World,
  account: Account,
  namespace: IpcNamespace,
  queues: readonly number[],
): Promise<void> {
  const by = world.current
  for (const queue of queues) {
    for (let message = await take(namespace, queue); message !== undefined; message = await take(namespace, queue)) {
      const { mtype, mtext, sequence = 0 } = message
      const { now } = world
      account.received({ text: textOf(mtext), queue, type: Number(mtype), sequence, by, invoked: now, returned: now })
    }
  }
}

async function take(namespace: IpcNamespace, queue: number) {
  try {
    return await namespace.msgrcv(queue, 1_000, 0, 0o4000)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOMSG') return undefined
    throw error
  }
}
