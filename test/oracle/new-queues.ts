import { IPC_NOWAIT, IPC_PRIVATE, IPC_RMID } from '../../src/abi/index.ts'
import { Engine } from '../../src/engine/index.ts'
import { type Letter, QBYTES } from './alphabet.ts'
import { callText, type KernelCall } from './calls.ts'
import { agrees, applyCall, compareState, type Disagreement } from './compare.ts'
import { type Caller, Credentials, ROOT } from './credentials.ts'
import { type Answer, Kernel } from './kernel.ts'
import { kernelSecond } from './raw.ts'

/** How often the kernel's clock is looked at while a second is waited for. */
const LOOK_AGAIN_MS = 1

/** A letter that comes a second after others, so that the times that it sets are told from those that it leaves. */
export interface LateCase {
  readonly before: readonly Letter[]
  readonly then: Letter
}

/** Engine and kernel with new queues for each sequence, in one namespace throughout. */
export class NewQueues {
  readonly #kernel = new Kernel()
  readonly #engine = new Engine()
  readonly #caller: Caller
  #second = 0
  #disagreement: Disagreement | undefined

  constructor() {
    this.#caller = new Credentials().become(ROOT)
    this.#kernel.freshNamespace()
    this.#both({ name: 'setLimits', limits: { msgmnb: QBYTES } })
  }

  /** Runs a sequence until the kernel's second is the same from its beginning to its end. */
  run(letters: readonly Letter[]): Disagreement | undefined {
    for (;;) {
      this.#second = kernelSecond()
      const disagreement = this.#runOnce(letters)
      if (kernelSecond() === this.#second) return disagreement
      this.#disagreement = undefined
    }
  }

  #runOnce(letters: readonly Letter[]): Disagreement | undefined {
    const msqids = [this.#create(), this.#create()]
    letters.forEach(({ queue, call }, position) => {
      this.#both(call(msqids[queue] as number, position))
    })
    const queues = [...this.#engine.namespace.identifiers.queues()]
    this.#disagreement ??= compareState(this.#kernel, this.#engine, queues)
    for (const { msqid } of queues) this.#takeAll(msqid)
    return this.#disagreement
  }

  /** Runs cases, each on a queue of its own; tells which one they disagree on. */
  runLate(cases: readonly LateCase[]): (Disagreement & { readonly late: LateCase }) | undefined {
    for (;;) {
      this.#second = kernelSecond()
      const msqids = cases.map(({ before }) => this.#prepare(before))
      const isEarly = kernelSecond() === this.#second
      this.#second = nextSecond(this.#second)
      const late = cases.find(({ before, then }, position) => {
        const msqid = msqids[position] as number
        this.#both(then.call(msqid, before.length))
        const queues = [...this.#engine.namespace.identifiers.queues()].filter((queue) => queue.msqid === msqid)
        this.#disagreement ??= compareState(this.#kernel, this.#engine, queues)
        return this.#disagreement !== undefined
      })
      const disagreement = this.#disagreement
      const isLate = kernelSecond() === this.#second
      for (const { msqid } of [...this.#engine.namespace.identifiers.queues()]) this.#takeAll(msqid)
      if (isEarly && isLate) return disagreement && late && { ...disagreement, late }
      this.#disagreement = undefined
    }
  }

  #prepare(letters: readonly Letter[]): number {
    const msqid = this.#create()
    for (const [position, { call }] of letters.entries()) this.#both(call(msqid, position))
    return msqid
  }

  #create(): number {
    const made = this.#both({ name: 'msgget', key: IPC_PRIVATE, msgflg: 0o600 })
    return 'value' in made ? (made.value as number) : -1
  }

  /** Compares the content, message by message, and removes the queue. */
  #takeAll(msqid: number): void {
    const take = { name: 'msgrcv', msqid, msgsz: QBYTES, msgtyp: 0, msgflg: IPC_NOWAIT } as const
    for (let taken = true; taken; ) taken = 'value' in this.#both(take)
    this.#both({ name: 'msgctl', msqid, cmd: IPC_RMID })
  }

  /** Makes a call on both sides; the first answers that differ are kept. */
  #both(call: KernelCall): Answer {
    const kernel = this.#kernel.perform(call)
    const engine = applyCall(this.#engine, this.#second * 1000, this.#caller, call)
    if (!agrees(kernel, engine)) this.#disagreement ??= { what: callText(call), kernel, engine }
    return kernel
  }
}

/** Waits until the kernel's clock shows a later second, which is the state that is asked for. */
function nextSecond(second: number): number {
  const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  while (kernelSecond() === second) Atomics.wait(nobody, 0, 0, LOOK_AGAIN_MS)
  return kernelSecond()
}
