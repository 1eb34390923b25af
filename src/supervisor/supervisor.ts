import { ERRNO } from '../abi/index.ts'
import { BackendError, type IpcNamespace, SyscallError } from '../contract/index.ts'
import { FileCalls } from './file-calls.ts'
import { Listener } from './listener.ts'
import type { Machine } from './machines.ts'
import { type Answer, MessageCalls, type Result } from './message-calls.ts'
import { Metronome } from './metronome.ts'
import { ProgramMemory } from './program-memory.ts'
import { ProgramThreads } from './program-threads.ts'
import type { ProgramCall, Trapped } from './trapped-call.ts'
import { WaitEnd, Waits } from './waits.ts'

/** What a program is told when its namespace cannot be asked. */
const EIO = 5
/**
 * Where calls are answered in this thread, the next one is waited for here: that is faster than by the event loop. But
 * promises, timers and sockets are the loop's, and have their turn when none comes for so long, and after so many calls.
 */
const PATIENCE_NS = 1_000_000
const CALLS_A_TURN = 1000

/** Answers the calls of every program behind one filter, until the last of them is gone. */
export class Supervisor {
  readonly #listener: Listener
  readonly #threads: ProgramThreads
  readonly #waits: Waits
  readonly #messages: MessageCalls
  readonly #files: FileCalls
  readonly #metronome: Metronome | undefined
  readonly #over: Promise<void>
  #end: () => void = () => undefined

  /** @param fd The filter's listener. It is closed at the end, the namespace is not. */
  constructor(fd: number, machines: readonly Machine[], namespace: IpcNamespace) {
    this.#over = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#listener = new Listener(fd, machines)
    this.#threads = new ProgramThreads(namespace)
    this.#waits = new Waits(this.#listener)
    const memory = new ProgramMemory()
    this.#messages = new MessageCalls(this.#listener, memory, this.#waits)
    this.#files = new FileCalls(this.#listener, memory, this.#threads)
    this.#metronome = namespace.capabilities.sync === 'refuses' ? new Metronome(PATIENCE_NS) : undefined
  }

  /** Answers calls. @returns When nobody is left to make one. */
  async run(): Promise<void> {
    this.#listener.watch(() => this.#receiveAll())
    await this.#over
    this.#waits[Symbol.dispose]()
    this.#threads[Symbol.dispose]()
    this.#listener[Symbol.dispose]()
  }

  #receiveAll(): void {
    const there = this.#listener.look()
    if (there === 'over') this.#end()
    if (there !== 'call' || !this.#serveNext() || this.#metronome === undefined) return
    this.#metronome.start()
    for (let count = 0; count < CALLS_A_TURN && this.#serveNext(); count++);
    this.#metronome.stop()
  }

  /** @returns Whether the next call may be waited for: not where the event loop has an answer to give. */
  #serveNext(): boolean {
    const trapped = this.#listener.receive()
    if (trapped === undefined) return false
    try {
      const answer = this.#perform(trapped)
      if (answer instanceof Promise) {
        void this.#serveLater(trapped, answer)
        return false
      }
      this.#answer(trapped, answer)
    } catch (error) {
      this.#answer(trapped, errnoOf(error))
    }
    // A call that waits may have got what it waits for.
    return this.#waits.count === 0
  }

  async #serveLater(trapped: Trapped, answer: Promise<Result>): Promise<void> {
    this.#answer(trapped, await answer.catch(errnoOf))
  }

  #answer(trapped: Trapped, result: Result): void {
    this.#waits.end(trapped)
    if (result === undefined) return
    if (result < 0) this.#listener.refuse(trapped, -result)
    else this.#listener.answer(trapped, result)
  }

  #perform(trapped: Trapped): Answer {
    const { call, tid } = trapped
    if (isHandshake(call)) return HANDSHAKE
    if (call.name === 'other') return void this.#listener.pass(trapped)
    if (call.name === 'credentials') {
      this.#threads.forget(tid)
      return void this.#listener.pass(trapped)
    }
    if (call.name === 'open' || call.name === 'access') return this.#files.perform(trapped, call)
    const thread = this.#threads.of(tid)
    if (thread === undefined) return undefined
    switch (call.name) {
      case 'msgget':
        return thread.sync?.msgget(call.key, call.msgflg) ?? thread.namespace.msgget(call.key, call.msgflg)
      case 'msgsnd':
        return this.#messages.msgsnd(trapped, call, thread)
      case 'msgrcv':
        return this.#messages.msgrcv(trapped, call, thread)
      case 'msgctl':
        return this.#messages.msgctl(trapped, call, thread)
    }
  }
}

/** What no program asks of msgctl, and the launcher asks before the program's first call: whether we hear it. */
export const HANDSHAKE = 0x6d73_6771

function isHandshake(call: ProgramCall): boolean {
  return call.name === 'msgctl' && call.cmd === HANDSHAKE && call.msqid === -1
}

/** The errno, below 0, that tells a program of an error; `undefined` where there is no program any more. */
function errnoOf(error: unknown): Result {
  if (error instanceof SyscallError) return error.errno
  if (error instanceof WaitEnd) return error.errno === undefined ? undefined : -error.errno
  const isFull = error instanceof BackendError && error.code === 'ERR_MSGQ_NO_SPACE'
  // The rest is a namespace out of reach, or a fault of ours: other programs' calls go on.
  return isFull ? -ERRNO.ENOMEM : -EIO
}
