import { IPC_NOWAIT, IPC_RMID, IPC_SET, type Long, MSG_COPY, MSG_INFO } from '../../src/abi/index.ts'
import { Engine, type Entry } from '../../src/engine/index.ts'
import { CallingThreads } from './calling-threads.ts'
import { type LiveQueue, viewOf } from './calls.ts'
import { agrees, applyCall, applyEntry, compareState, type Disagreement } from './compare.ts'
import { type Caller, Credentials, IDENTITIES, ROOT } from './credentials.ts'
import { type Answer, Kernel } from './kernel.ts'
import { type Request, SCENARIO_BYTES_MAX, TASK } from './mailbox.ts'
import { type Race, raceOf } from './races.ts'
import { Random } from './random.ts'
import { kernelSecond } from './raw.ts'
import { drawStep, type Lean, SCENARIO_MSGMNB, type Step, stepText } from './scenario-step.ts'
import type { Failure } from './sequence.ts'

/** Threads that may wait at once. */
const THREADS = 5
/** Draws for one step until one is found that the kernel answers in one way only. */
const DRAWS_MAX = 12

/** How long a call that the engine ended may take to end in the kernel too, before that counts as a disagreement. */
const MISSING_MS_MAX = 300

/** Ticket numbers: the main thread's own call, and each thread's. */
const MAIN = 0
const ticketOf = (number: number) => ({ session: 0, number })
const ticketOfThread = (thread: number) => ticketOf(thread + 1)

/** A scenario from its beginning: each number is the seed of one step, drawn for the state it meets. */
export interface Scenario {
  readonly lean: Lean
  readonly steps: readonly number[]
}

/** Engine and kernel side by side, with several callers blocked at once. */
export class Scenarios {
  readonly #kernel = new Kernel()
  readonly #credentials = new Credentials()
  readonly #threads: CallingThreads
  /** Each identity as the kernel sees it; the tid is the main thread's. */
  readonly #callers: readonly Caller[]
  #engine = new Engine()
  #history: Entry[] = []
  #waiting = new Set<number>()
  /** Tickets of receivers that IPC_SET made queue again, in the scheduler's order. */
  #unordered = new Set<number>()
  /** How often a thread's call ended how, and how often several waited. */
  readonly covered: Map<string, number> = new Map()

  constructor() {
    this.#callers = IDENTITIES.map((identity) => this.#credentials.become(identity))
    this.#credentials.become(ROOT)
    this.#threads = new CallingThreads(THREADS)
  }

  /** Runs a scenario, each number the seed of one step, until the kernel's second is the same throughout each step. */
  run(scenario: Scenario): Failure | undefined {
    for (;;) {
      const failure = this.#runOnce(scenario)
      if (failure !== 'ticked') return failure
    }
  }

  end(): void {
    this.#threads.end()
  }

  #runOnce({ lean, steps }: Scenario): Failure | 'ticked' | undefined {
    this.#begin()
    const made: string[] = []
    let race: Race = 'none'
    for (const seed of steps) {
      // What a race leaves behind has no order to compare any further.
      if (race !== 'none') break
      const drawn = this.#draw(new Random(seed), lean)
      race = drawn.race
      made.push(stepText(drawn.step))
      const disagreement = this.#make(drawn.step, drawn.entry, race)
      if (disagreement !== undefined) return this.#giveUp(disagreement, made)
    }
    for (const { msqid } of viewOf(this.#engine, []).queues) {
      const step: Step = { kind: 'main', identity: 0, call: { name: 'msgctl', msqid, cmd: IPC_RMID } }
      made.push(stepText(step))
      const disagreement = this.#make(step, this.#entryOf(step), race)
      if (disagreement !== undefined) return this.#giveUp(disagreement, made)
    }
    return undefined
  }

  #begin(): void {
    this.#kernel.freshNamespace()
    this.#threads.enterNamespace()
    this.#engine = new Engine()
    this.#history = []
    this.#waiting = new Set()
    this.#unordered = new Set()
    const call = { name: 'setLimits', limits: { msgmnb: SCENARIO_MSGMNB } } as const
    this.#make({ kind: 'main', identity: 0, call }, this.#entryOf({ kind: 'main', identity: 0, call }), 'none')
  }

  /** A step that the kernel answers in one way or, now and then, in a way that can be compared nevertheless. */
  #draw(random: Random, lean: Lean): { step: Step; entry: Entry; race: Race } {
    const all = Array.from({ length: THREADS }, (_, thread) => thread)
    const idle = all.filter((thread) => !this.#waiting.has(thread))
    const view = { lean, queues: viewOf(this.#engine, []).queues, idle, waiting: [...this.#waiting] }
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      const step = drawStep(random, view)
      const entry = this.#entryOf(step)
      const race = raceOf(this.#history, entry, this.#engine.waiting(), this.#unordered)
      if (race === 'none' || (race !== 'undecided' && random.chance(30))) return { step, entry, race }
    }
    const step: Step = { kind: 'main', identity: 0, call: { name: 'msgctl', msqid: 0, cmd: -1 } }
    return { step, entry: this.#entryOf(step), race: 'none' }
  }

  #entryOf(step: Step): Entry {
    const now = kernelSecond() * 1000
    const root = this.#caller(0)
    if (step.kind === 'interrupt') {
      return {
        ticket: ticketOf(MAIN),
        now,
        caller: root,
        call: { name: 'interrupt', call: ticketOfThread(step.thread) },
      }
    }
    const caller = this.#caller(step.identity)
    if (step.kind === 'main') return { ticket: ticketOf(MAIN), now, caller, call: step.call }
    const tid = this.#threads.tid(step.thread)
    return { ticket: ticketOfThread(step.thread), now, caller: { ...caller, tid }, call: step.call }
  }

  #caller(identity: number): Caller {
    return this.#callers[identity] as Caller
  }

  #make(step: Step, entry: Entry, race: Race): Disagreement | 'ticked' | undefined {
    const engine = applyEntry(this.#engine, entry)
    this.#history.push(entry)
    const kernel = this.#perform(step, engine.size)
    if (kernelSecond() * 1000 !== entry.now) return 'ticked'

    if (!sameAnswers(kernel, engine, race))
      return { what: 'calls that ended', kernel: [...kernel], engine: [...engine] }
    if (step.kind === 'thread') this.#waiting.add(step.thread)
    for (const number of engine.keys()) this.#waiting.delete(number - 1)
    this.#cover(entry, kernel, race)
    this.#unorder(entry, kernel)
    const { queues } = viewOf(this.#engine, [])
    return compareState(this.#kernel, this.#engine, queues) ?? this.#compareContent(queues, race)
  }

  /** The answers of all calls that ended, by ticket number. */
  #perform(step: Step, expected: number): Map<number, Answer> {
    const kernel = new Map<number, Answer>()
    if (step.kind === 'main') {
      this.#credentials.become(IDENTITIES[step.identity] ?? ROOT)
      kernel.set(MAIN, this.#kernel.perform(step.call))
      this.#credentials.become(ROOT)
    } else if (step.kind === 'interrupt') {
      this.#threads.interrupt(step.thread)
      kernel.set(MAIN, { value: 1 })
    } else {
      this.#threads.ask(step.thread, requestOf(step))
    }
    // A thread that another processor is just waking still looks asleep, so what is missing is looked for again.
    const deadline = performance.now() + MISSING_MS_MAX
    do {
      this.#threads.settle()
      for (const [thread, answer] of this.#threads.takeDone()) kernel.set(thread + 1, answer)
    } while (kernel.size < expected && performance.now() < deadline)
    return kernel
  }

  /** Keeps in mind which receivers IPC_SET has woken to queue again. */
  #unorder({ call }: Entry, kernel: ReadonlyMap<number, Answer>): void {
    for (const number of kernel.keys()) this.#unordered.delete(number)
    const answer = kernel.get(MAIN)
    if (call.name !== 'msgctl' || call.cmd !== IPC_SET || answer === undefined || 'code' in answer) return
    const woken = this.#engine.waiting().filter((each) => each.msqid === call.msqid && each.call.name === 'msgrcv')
    for (const { ticket } of woken) this.#unordered.add(ticket.number)
  }

  /** Copies every message on both sides. */
  #compareContent(queues: readonly LiveQueue[], race: Race): Disagreement | undefined {
    if (race === 'sameCount') return undefined
    for (const { msqid, qnum } of queues) {
      const copies = Array.from({ length: qnum }, (_, index) => this.#copyBoth(msqid, index))
      // Both lists in one order, where theirs is the scheduler's.
      const order = (answers: Answer[]) =>
        race === 'none' ? answers : answers.sort((a, b) => (key(a) < key(b) ? -1 : 1))
      const kernel = order(copies.map((copy) => copy.kernel))
      const engine = order(copies.map((copy) => copy.engine))
      if (!agrees(kernel, engine)) return { what: `messages of ${msqid}`, kernel, engine }
    }
    return undefined
  }

  #copyBoth(msqid: number, index: number): { kernel: Answer; engine: Answer } {
    const msgflg = MSG_COPY | IPC_NOWAIT
    const call = { name: 'msgrcv', msqid, msgsz: SCENARIO_BYTES_MAX, msgtyp: index, msgflg } as const
    return { kernel: this.#kernel.perform(call), engine: applyCall(this.#engine, 0, this.#caller(0), call) }
  }

  /** Ends whatever still waits in the kernel. */
  #giveUp(disagreement: Disagreement | 'ticked', calls: readonly string[]): Failure | 'ticked' {
    const { maxIndex } = this.#kernel.info(MSG_INFO)
    for (let index = 0; index <= maxIndex; index++) {
      const msqid = this.#kernel.stat(index)?.msqid
      if (msqid !== undefined) this.#kernel.perform({ name: 'msgctl', msqid, cmd: IPC_RMID })
    }
    this.#threads.settleEnded()
    this.#threads.takeDone()
    return disagreement === 'ticked' ? disagreement : { ...disagreement, calls }
  }

  #cover({ ticket }: Entry, kernel: ReadonlyMap<number, Answer>, race: Race): void {
    const count = (what: string) => this.covered.set(what, (this.covered.get(what) ?? 0) + 1)
    for (const [number, answer] of kernel) {
      if (number === MAIN) continue
      count('code' in answer ? answer.code : 'succeeded')
      if (number !== ticket.number && 'value' in answer)
        count(typeof answer.value === 'object' ? 'handed over' : 'let in')
    }
    if (this.#waiting.size > 1) count('several waiting')
    if (race !== 'none') count(`race ${race}`)
  }
}

function requestOf({ identity, call }: Extract<Step, { kind: 'thread' }>): Request {
  const { msqid, msgflg } = call
  return call.name === 'msgsnd'
    ? { task: TASK.msgsnd, identity, msqid, msgflg, msgsz: call.mtext.length, type: call.mtype, mtext: call.mtext }
    : { task: TASK.msgrcv, identity, msqid, msgflg, msgsz: call.msgsz, type: call.msgtyp, mtext: new Uint8Array(0) }
}

/** The same calls ended in the same way or, after a race that may end one call or another, as many in each way. */
function sameAnswers(kernel: ReadonlyMap<number, Answer>, engine: ReadonlyMap<number, Answer>, race: Race): boolean {
  if (kernel.size !== engine.size) return false
  if (race === 'sameCount') {
    const ways = (answers: ReadonlyMap<number, Answer>) => Array.from(answers.values(), key).sort()
    return ways(kernel).join() === ways(engine).join()
  }
  return [...kernel].every(([number, answer]) => agrees(answer, engine.get(number)))
}

/** What an answer says, as text to sort by. */
function key(answer: Answer): string {
  if ('code' in answer) return answer.code
  const { mtype, mtext } = answer.value as { mtype?: Long; mtext?: Uint8Array }
  return mtext === undefined ? `${answer.value}` : `${mtype} ${Buffer.from(mtext).toString('hex')}`
}
