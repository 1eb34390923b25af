import { IPC_NOWAIT, IPC_RMID, MSG_NOERROR } from '../../src/abi/index.ts'
import { Engine } from '../../src/engine/index.ts'
import { callText, type KernelCall, type View, viewOf } from './calls.ts'
import { agrees, applyCall, compareState, type Disagreement } from './compare.ts'
import { Credentials, IDENTITIES, type Identity, ROOT } from './credentials.ts'
import { nextCall, PAYLOAD_BYTES_MAX } from './generator.ts'
import { type Answer, Kernel } from './kernel.ts'
import { Random, seedOf } from './random.ts'
import { kernelSecond } from './raw.ts'
import type { Theme } from './themes.ts'

/** Calls in one namespace from its beginning: each number is the seed of one call, drawn for the state it meets. */
export interface Sequence {
  readonly theme: Theme
  readonly calls: readonly number[]
  /** Whether the state is compared after each call, or at the end: looking may heal what a call has left behind. */
  readonly looks: 'always' | 'atEnd'
}

/** How a sequence ended too early, and the calls that led there, the last one included. */
export interface Failure extends Disagreement {
  readonly calls: readonly string[]
}

/** Identifiers of removed queues that later calls may name again. */
const REMOVED_MAX = 8

const THEMES: readonly Theme[] = [
  ...(['messages', 'messages', 'messages', 'depth'] as const),
  ...(['identifiers', 'permissions', 'permissions', 'limits'] as const),
]

/** The sequence that a seed means. */
export function sequenceOf(seed: number): Sequence {
  const random = new Random(seed)
  const theme = random.pick(THEMES)
  const length = theme === 'depth' ? 500 : random.pick([40, 150, 300, 600])
  const looks = random.chance(90) ? 'always' : 'atEnd'
  return { theme, looks, calls: Array.from({ length }, (_, number) => seedOf(seed, number)) }
}

/** Engine and kernel, side by side, call by call. */
export class SideBySide {
  readonly #kernel = new Kernel()
  readonly #credentials = new Credentials()
  #engine = new Engine()
  #removed: number[] = []
  #view: View = viewOf(this.#engine, this.#removed)
  #second = 0
  /** How often each call ended how, to show what a run has covered. */
  readonly covered: Map<string, number> = new Map()

  /** Runs a sequence in a fresh namespace, then drains its queues; `undefined` when both agree throughout. */
  run({ theme, calls, looks }: Sequence): Failure | undefined {
    this.#credentials.become(ROOT)
    this.#kernel.freshNamespace()
    this.#engine = new Engine()
    this.#removed = []
    this.#view = viewOf(this.#engine, this.#removed)
    this.#second = kernelSecond()
    const made: string[] = []
    let identity = ROOT
    for (const seed of calls) {
      const random = new Random(seed)
      identity = nextIdentity(random, theme, identity)
      const call = nextCall(random, this.#view, theme)
      const disagreement = this.#make(call, identity, made) ?? (looks === 'always' ? this.#look() : undefined)
      if (disagreement !== undefined) return { ...disagreement, calls: made }
    }
    const disagreement = this.#look() ?? this.#drain(made)
    return disagreement === undefined ? undefined : { ...disagreement, calls: made }
  }

  /** Takes every message that is left, so that the content of all queues is compared, and removes the queues. */
  #drain(made: string[]): Disagreement | undefined {
    for (const { msqid, qnum } of this.#view.queues) {
      const take = {
        name: 'msgrcv',
        msqid,
        msgsz: PAYLOAD_BYTES_MAX,
        msgtyp: 0,
        msgflg: IPC_NOWAIT | MSG_NOERROR,
      } as const
      for (let left = qnum; left >= 0; left--) {
        const disagreement = this.#make(take, ROOT, made)
        if (disagreement !== undefined) return disagreement
      }
      const disagreement = this.#make({ name: 'msgctl', msqid, cmd: IPC_RMID }, ROOT, made)
      if (disagreement !== undefined) return disagreement
    }
    return undefined
  }

  #make(call: KernelCall, identity: Identity, made: string[]): Disagreement | undefined {
    const caller = this.#credentials.become(identity)
    made.push(`${callText(call)}${identity === ROOT ? '' : ` as ${JSON.stringify(identity)}`}`)
    const pendingId = this.#engine.nextId !== -1

    const before = this.#second
    const kernel = this.#kernel.perform(call)
    this.#second = kernelSecond()
    const second = before === this.#second ? before : this.#secondOf(call, kernel, before)
    const engine = applyCall(this.#engine, second * 1000, caller, call)
    this.#cover(call, kernel)
    if (!agrees(kernel, engine)) return { what: 'result', kernel, engine }

    if (call.name === 'msgctl' && call.cmd === IPC_RMID && 'value' in kernel) this.#remember(call.msqid)
    if (pendingId || call.name === 'setNextId') {
      const nextId = this.#kernel.nextId()
      if (nextId !== this.#engine.nextId) return { what: 'msg_next_id', kernel: nextId, engine: this.#engine.nextId }
    }
    this.#view = viewOf(this.#engine, this.#removed)
    return undefined
  }

  #look(): Disagreement | undefined {
    return compareState(this.#kernel, this.#engine, this.#view.queues)
  }

  /**
   * The second that the kernel used for a call during which its clock went on. Earlier calls used earlier seconds, so
   * the new one stands in a queue's struct exactly when this call put it there.
   */
  #secondOf(call: KernelCall, answer: Answer, before: number): number {
    const msqids = this.#view.queues.map(({ msqid }) => msqid)
    if (call.name === 'msgget' && 'value' in answer) msqids.push(answer.value as number)
    const stats = msqids.flatMap((msqid) => this.#kernel.stat(msqid)?.stat ?? [])
    return Math.max(before, ...stats.map(({ stime, rtime, ctime }) => Math.max(stime, rtime, ctime)))
  }

  #remember(msqid: number): void {
    this.#removed.push(msqid)
    if (this.#removed.length > REMOVED_MAX) this.#removed.shift()
  }

  #cover(call: KernelCall, answer: Answer): void {
    const what = `${call.name} ${'code' in answer ? answer.code : 'succeeded'}`
    this.covered.set(what, (this.covered.get(what) ?? 0) + 1)
  }
}

/** Runs of calls by one identity, as programs make them; root most of the time, who may do the most. */
function nextIdentity(random: Random, theme: Theme, identity: Identity): Identity {
  if (!random.chance(theme === 'permissions' ? 60 : 10)) return identity
  return random.chance(theme === 'permissions' ? 15 : 70) ? ROOT : random.pick(IDENTITIES)
}
