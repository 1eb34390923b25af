/**
 * A node under load, in a process of its own: URL, name, seed. Says in a line before each call that it makes it, and in a
 * line after what came of it; so whoever kills it knows what was under way.
 */
import { setTimeout } from 'node:timers/promises'
import { IPC_CREAT, IPC_NOWAIT, MSG_COPY } from '../../src/abi/index.ts'
import { openJetstreamNamespace } from '../../src/backends/jetstream/index.ts'
import { Random } from '../oracle/random.ts'
import { KEYS, type LoadLine, TYPES } from './load.ts'

/** A receive that found nothing for so long is made anew. */
const PATIENCE_MS = 2_000

const [, , url = '', name = '', seed = '1'] = process.argv
const random = new Random(Number(seed))
const namespace = await openJetstreamNamespace(url, { heartbeatMs: 500, checkEvery: 500, imageEveryBytes: 200_000 })
const [untyped = 0, typed = 0] = await Promise.all(KEYS.map((key) => namespace.msgget(key, IPC_CREAT | 0o600)))
let last = 0
let isEnding = false
process.stdin.once('data', () => {
  isEnding = true
})
tell({ line: 'open' })
const loops = [sends(untyped), sends(typed), receives(untyped, 0), receives(untyped, 0), looks(untyped)]
for (let type = 1; type <= TYPES; type++) loops.push(receives(typed, type))
await Promise.all(loops)
await namespace.close()
tell({ line: 'closed' })
process.exit()

async function sends(msqid: number): Promise<void> {
  while (!isEnding) {
    const type = random.between(1, TYPES)
    const value = `${name}.${last + 1}`
    const queue = msqid === untyped ? 'any' : `type ${type}`
    await call(queue, 'send', value, async () => {
      await namespace.msgsnd(msqid, { mtype: type, mtext: Buffer.from(value) }, 0)
      return value
    })
    await setTimeout(random.between(1, 10))
  }
}

/** From the first queue a message is received at once, from the other it is held first. */
async function receives(msqid: number, type: number): Promise<void> {
  while (!isEnding) {
    const queue = type === 0 ? 'any' : `type ${type}`
    await call(queue, 'receive', undefined, async (id) => {
      const signal = AbortSignal.timeout(PATIENCE_MS)
      if (type === 0) return text(await namespace.msgrcv(msqid, 100, 0, 0, { signal }))
      const message = await namespace.msgrcv(msqid, 100, type, 0, { signal, hold: true })
      tell({ line: 'held', id, value: text(message) })
      await message.accept()
      return text(message)
    })
  }
}

async function looks(msqid: number): Promise<void> {
  while (!isEnding) {
    const kind = random.chance(50) ? 'receive' : 'copy'
    await call('any', kind, undefined, async () => {
      const flags = kind === 'copy' ? MSG_COPY | IPC_NOWAIT : IPC_NOWAIT
      return text(await namespace.msgrcv(msqid, 100, 0, flags))
    })
    await setTimeout(random.between(5, 30))
  }
}

async function call(
  queue: string,
  kind: 'send' | 'receive' | 'copy',
  sent: string | undefined,
  make: (id: number) => Promise<string>,
): Promise<void> {
  const id = ++last
  tell({ line: 'invoked', id, queue, kind, ...(sent !== undefined && { value: sent }) })
  try {
    tell({ line: 'returned', id, value: await make(id) })
  } catch (error) {
    const { code, name } = error as { readonly code?: unknown; readonly name: string }
    const why = typeof code === 'string' ? code : name
    tell({ line: 'failed', id, code: why })
    if (why !== 'ENOMSG' && why !== 'TimeoutError') await setTimeout(100)
  }
}

function text({ mtext }: { readonly mtext: Uint8Array }): string {
  return Buffer.from(mtext).toString()
}

function tell(line: LoadLine): void {
  process.stdout.write(`${JSON.stringify({ ...line, at: Number(process.hrtime.bigint()) / 1e6 })}\n`)
}
