import { IPC_NOWAIT, IPC_PRIVATE, IPC_STAT, MSG_COPY, MSG_EXCEPT, type Msgbuf } from '../../src/abi/index.ts'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import type { IpcNamespace, SyncIpcNamespace } from '../../src/contract/index.ts'
import { type Contender, expect, nowNs, pattern, Random, timeSync } from '../contender.ts'

/** Room for the deepest queue: the highest that Linux allows. */
const QBYTES = 2 ** 31 - 1
export const SIZE_BYTES = 64
/**
 * The lowest type on a queue. Linux's search for the lowest type ends early at a message of type 1, which is true of a
 * queue that was just filled and of none that is in use: those of type 1 are the first to go. Source: ipc/msg.c, find_msg().
 */
export const TYPE_MIN = 2

/** A queue of the embedded namespace that stays at one depth. */
export class EmbeddedQueue {
  readonly namespace: IpcNamespace = openEmbeddedNamespace({ limits: { msgmnb: QBYTES } })
  readonly sync: SyncIpcNamespace = this.namespace.sync
  readonly msqid: number = this.sync.msgget(IPC_PRIVATE, 0o600)
  readonly depth: number

  /**
   * @param depth Messages to fill it with; each begins with its number, from 0.
   * @param types How many types there are, in turn.
   */
  constructor(depth: number, types: number) {
    this.depth = depth
    const mtext = pattern(SIZE_BYTES)
    const number = new Uint32Array(mtext.buffer, 0, 1)
    for (let index = 0; index < depth; index++) {
      number[0] = index
      this.send({ mtype: TYPE_MIN + (index % types), mtext })
    }
  }

  send(message: Msgbuf): void {
    this.sync.msgsnd(this.msqid, message, IPC_NOWAIT)
  }

  receive(msgtyp: number, flags: number = 0): Msgbuf {
    return this.sync.msgrcv(this.msqid, SIZE_BYTES, msgtyp, IPC_NOWAIT | flags)
  }

  /** Copies the message at an index, and looks at its number: right only while none was taken. */
  copy(index: number): void {
    const { mtext } = this.receive(index, MSG_COPY)
    expect(numberOf(mtext) === index && mtext.length === SIZE_BYTES, 'the message copied')
  }

  /** What was there is there. @throws {WrongResult} */
  checkCount(): void {
    const { qnum, cbytes } = this.sync.msgctl(this.msqid, IPC_STAT)
    expect(qnum === this.depth && cbytes === this.depth * SIZE_BYTES, 'the messages on the queue')
  }
}

/** A message's number, byte by byte: a view of its own would cost more than the copy. */
function numberOf(mtext: Uint8Array): number {
  return ((mtext[0] ?? 0) | ((mtext[1] ?? 0) << 8) | ((mtext[2] ?? 0) << 16) | ((mtext[3] ?? 0) << 24)) >>> 0
}

/** Copy everything, index by index. */
export async function copiesOfAll(depth: number): Promise<Contender> {
  const queue = new EmbeddedQueue(depth, depth)
  const pass = () => {
    for (let index = 0; index < depth; index++) queue.copy(index)
  }
  return {
    check: async () => {
      pass()
      queue.checkCount()
    },
    time: async (count) => timeSync(count, pass),
    close: () => queue.namespace.close(),
  }
}

/** Copy at random indexes. */
export async function copiesAt(depth: number): Promise<Contender> {
  const queue = new EmbeddedQueue(depth, depth)
  const random = new Random()
  return {
    check: async () => {
      queue.copy(0)
      queue.copy(depth - 1)
      queue.checkCount()
    },
    time: async (count) => timeSync(count, () => queue.copy(random.below(depth))),
    close: () => queue.namespace.close(),
  }
}

/** The calls whose time should not grow with a queue's depth, as the C loop and as readers know them. */
export const CALLS = {
  send: 'send',
  oldest: 'receive the oldest',
  type: 'receive a type',
  lowest: 'receive the lowest type',
  except: 'receive all but a type',
} as const
export type CallKind = keyof typeof CALLS

/** Calls between two looks at the clock. */
export const BATCH = 25
/** From the type of one call to that of the next: prime to every number of types that is used, so that none comes twice in a batch. */
const STRIDE = 7919

/**
 * One kind of call, timed in batches: what a batch takes is sent again, and the queue stays at its depth.
 *
 * @param uses How many such calls go before: they leave the messages in another order than that of memory.
 */
export async function calls(kind: CallKind, depth: number, types: number, uses: number = 0): Promise<Contender> {
  const queue = new EmbeddedQueue(depth, types)
  const random = new Random()
  let turn = 0
  const receive = (): Msgbuf => {
    const type = TYPE_MIN + (turn % types)
    turn += STRIDE
    if (kind === 'lowest') return queue.receive(-(TYPE_MIN + types))
    if (kind !== 'type' && kind !== 'except') return queue.receive(0)
    const message = queue.receive(type, kind === 'except' ? MSG_EXCEPT : 0)
    expect((message.mtype === type) === (kind === 'type'), 'the type received')
    return message
  }
  const taken: Msgbuf[] = []
  const batch = (): number => {
    // Types in one order for ever would bring the messages into that order: the next would always be the oldest.
    turn = random.below(types)
    const start = nowNs()
    for (let i = 0; i < BATCH; i++) taken[i] = receive()
    const between = nowNs()
    for (const message of taken) queue.send(message)
    return kind === 'send' ? nowNs() - between : between - start
  }
  for (let used = 0; used < uses; used += BATCH) batch()
  return {
    check: async () => {
      batch()
      if (kind === 'lowest') expect(taken[0]?.mtype === TYPE_MIN, 'the lowest type received')
      queue.checkCount()
    },
    time: async (count) => {
      const batches = Math.ceil(count / BATCH)
      let ns = 0
      for (let i = 0; i < batches; i++) ns += batch()
      return ns / (batches * BATCH)
    },
    close: () => queue.namespace.close(),
  }
}
