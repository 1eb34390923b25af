/** A client under random load: `client-main.js SOCKET NAME SEED`. Goes on over every crash of the daemon. */
import { setTimeout as delay } from 'node:timers/promises'
import { IPC_NOWAIT } from '../../../src/abi/index.ts'
import { BackendError, SyscallError } from '../../../src/contract/index.ts'
import { Random } from '../../oracle/random.ts'
import { connect } from './connect.ts'
import type { Order, Received, Told } from './load.ts'

/** Calls under way at a time. */
const WORKERS = 6
const TYPES = 3
const BYTES_MAX = 600

const [socket = '', name = '', seed = '0'] = process.argv.slice(2)
const random = new Random(Number(seed))
const namespace = await connect(socket)
let sent = 0
let told = nothing()
let isPaused = true
let workers: Promise<void>[] = []

process.on('message', async (order: Order) => {
  if (order.order === 'go') {
    isPaused = false
    workers = Array.from({ length: WORKERS }, (_, worker) => work(order.queues, `${name}.${worker}`))
    return
  }
  isPaused = true
  await Promise.all(workers)
  // An accept is not waited for (docs/decisions/0017), and until it is done others see the message still. What is asked
  // after it is answered after it.
  await namespace.limits()
  process.send?.(told)
  told = nothing()
})
process.send?.('ready')

function nothing() {
  return { acknowledged: [], notSent: [], received: [], faults: [] } as { [Name in keyof Told]: Told[Name][number][] }
}

async function work(queues: readonly number[], sender: string): Promise<void> {
  while (!isPaused) {
    const queue = random.pick(queues)
    try {
      if (random.chance(50)) await send(queue, sender)
      else await receive(queue)
    } catch (error) {
      told.faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
      return
    }
  }
}

/** Calls wait a little, and are aborted then, or do not wait. */
function flags(): [msgflg: number, options: { signal?: AbortSignal }] {
  return random.chance(50) ? [IPC_NOWAIT, {}] : [0, { signal: AbortSignal.timeout(random.between(1, 50)) }]
}

async function send(queue: number, sender: string): Promise<void> {
  const text = `${sender}:${++sent}`
  const mtext = Buffer.from(text.padEnd(random.between(text.length, BYTES_MAX)))
  const [msgflg, options] = flags()
  try {
    await namespace.msgsnd(queue, { mtype: random.between(1, TYPES), mtext }, msgflg, options)
    told.acknowledged.push(text)
  } catch (error) {
    if (!wasNotDone(error, 'EAGAIN')) throw error
    told.notSent.push(text)
    if (error instanceof BackendError) await delay(5)
  }
}

async function receive(queue: number): Promise<void> {
  const [msgflg, options] = flags()
  const isHeld = random.chance(20)
  const hold = async () => {
    const held = await namespace.msgrcv(queue, BYTES_MAX, 0, msgflg, { ...options, hold: true })
    if (random.chance(30)) return await held.refuse()
    await held.accept()
    return held
  }
  try {
    const type = random.between(0, TYPES)
    const message = isHeld ? await hold() : await namespace.msgrcv(queue, BYTES_MAX, type, msgflg, options)
    if (message === undefined) return
    const { mtype, mtext, sequence = 0 } = message
    const text = Buffer.from(mtext).toString().trim()
    const received: Received = { queue, type: Number(mtype), sequence, text }
    told.received.push(received)
  } catch (error) {
    if (!wasNotDone(error, 'ENOMSG')) throw error
  }
}

function wasNotDone(error: unknown, code: string): boolean {
  if (error instanceof SyscallError) return error.code === code
  if (error instanceof BackendError) return error.code === 'ERR_MSGQ_NO_SPACE'
  return error instanceof DOMException && error.name === 'TimeoutError'
}
