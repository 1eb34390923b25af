import { type Long, long } from '../../src/abi/index.ts'

/** Longest payload of a scenario. */
export const SCENARIO_BYTES_MAX = 64

/** Where a calling thread is. `calling` covers the way into the kernel, the wait there and the way out. */
export const STATE = { idle: 0, asked: 1, calling: 2, done: 3, ending: 4 } as const

/** What a calling thread is asked to do: one call that may wait, or to enter the main thread's IPC namespace. */
export const TASK = { msgsnd: 1, msgrcv: 2, enterNamespace: 3 } as const

export interface Request {
  readonly task: (typeof TASK)[keyof typeof TASK]
  /** Index into `IDENTITIES`. */
  readonly identity: number
  readonly msqid: number
  readonly msgsz: number
  readonly msgflg: number
  /** mtype of msgsnd, msgtyp of msgrcv. */
  readonly type: Long
  readonly mtext: Uint8Array
}

const CELL = { state: 0, tid: 1, task: 2, identity: 3, msqid: 4, msgsz: 5, msgflg: 6, result: 7, errno: 8 } as const
const TYPE_OFFSET = 64
const MTEXT_OFFSET = 72

/** What the main thread and one calling thread share: a request, a result, and whose turn it is. */
export class Mailbox {
  readonly shared: SharedArrayBuffer
  readonly #cells: Int32Array
  readonly #type: BigInt64Array
  readonly #mtext: Uint8Array

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(MTEXT_OFFSET + SCENARIO_BYTES_MAX)) {
    this.shared = shared
    this.#cells = new Int32Array(shared, 0, TYPE_OFFSET / Int32Array.BYTES_PER_ELEMENT)
    this.#type = new BigInt64Array(shared, TYPE_OFFSET, 1)
    this.#mtext = new Uint8Array(shared, MTEXT_OFFSET)
  }

  get state(): number {
    return Atomics.load(this.#cells, CELL.state)
  }

  /** Tells the other side; it sees all that was written before. */
  set state(state: number) {
    Atomics.store(this.#cells, CELL.state, state)
    Atomics.notify(this.#cells, CELL.state)
  }

  /** Sleeps while the state is `state`, or for `timeoutMs`. */
  sleepWhile(state: number, timeoutMs: number = Number.POSITIVE_INFINITY): void {
    Atomics.wait(this.#cells, CELL.state, state, timeoutMs)
  }

  get tid(): number {
    return this.#read('tid')
  }

  set tid(tid: number) {
    this.#cells[CELL.tid] = tid
  }

  get request(): Request {
    const msgsz = this.#read('msgsz')
    const task = this.#read('task') as Request['task']
    return {
      task,
      identity: this.#read('identity'),
      msqid: this.#read('msqid'),
      msgsz,
      msgflg: this.#read('msgflg'),
      type: long(this.#type[0] ?? 0n),
      mtext: task === TASK.msgsnd ? this.#mtext.slice(0, msgsz) : new Uint8Array(0),
    }
  }

  set request({ mtext, type, ...cells }: Request) {
    for (const name of ['task', 'identity', 'msqid', 'msgsz', 'msgflg'] as const) this.#cells[CELL[name]] = cells[name]
    this.#type[0] = BigInt(type)
    this.#mtext.set(mtext)
  }

  /** Leaves what the call returned, and the message if it received one. */
  answer(result: number, errno: number, mtype: Long, mtext: Uint8Array): void {
    this.#cells[CELL.result] = result
    this.#cells[CELL.errno] = errno
    this.#type[0] = BigInt(mtype)
    this.#mtext.set(mtext)
  }

  get result(): { readonly result: number; readonly errno: number; readonly mtype: Long; readonly mtext: Uint8Array } {
    const result = this.#read('result')
    const mtext = this.#mtext.slice(0, Math.max(result, 0))
    return { result, errno: this.#read('errno'), mtype: long(this.#type[0] ?? 0n), mtext }
  }

  #read(name: keyof typeof CELL): number {
    return this.#cells[CELL[name]] as number
  }
}
