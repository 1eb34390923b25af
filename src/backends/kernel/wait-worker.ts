import { openSync } from 'node:fs'
import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { linuxCalls } from '../../linux/index.ts'
import { enter } from './ipc-scope.ts'
import { MessageCalls } from './message-calls.ts'
import {
  CALLING,
  COMMANDS,
  type Command,
  type Report,
  SYSCALL_FILE,
  TID,
  WANTED,
  type WaitWorkerData,
} from './wait-protocol.ts'

/**
 * A thread that makes waiting calls, one command after another; it has no event loop of its own. It sleeps in the
 * kernel, or on the control block's first word until there is a command.
 */

const { control, port, namespaceFile } = workerData as WaitWorkerData

function report(what: Report, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(what, transfer)
}

function begin(): void {
  if (namespaceFile !== undefined) enter(namespaceFile)
  Atomics.store(control, SYSCALL_FILE, openSyscallFile())
  Atomics.store(control, TID, linuxCalls().gettid())
}

/** Where the kernel tells whether this thread sleeps in a call; nothing but the order of waits depends on it. */
function openSyscallFile(): number {
  try {
    return openSync('/proc/thread-self/syscall', 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error) return -1
    throw error
  }
}

function serve(): void {
  const calls = new MessageCalls()
  for (let served = 0; ; served++) {
    Atomics.wait(control, COMMANDS, served)
    const received = receiveMessageOnPort(port)
    if (received === undefined) throw new Error('assertion: a command is posted before it is announced')
    perform(calls, received.message as Command)
  }
}

function perform(calls: MessageCalls, command: Command): void {
  report({ calling: true })
  for (;;) {
    Atomics.store(control, CALLING, 1)
    const wanted = Atomics.load(control, WANTED) > 0
    const result = wanted ? call(calls, command) : undefined
    Atomics.store(control, CALLING, 0)
    Atomics.notify(control, CALLING)
    if (result === undefined) return report({ code: undefined, stopped: true })
    // A signal that nobody sent for this wait: whoever did is told by WANTED.
    if (result.code === 'EINTR') continue
    if (result.code !== undefined) {
      Atomics.store(control, WANTED, 0)
      return report({ code: result.code, stopped: true })
    }
    const stopped = isLast()
    const { message } = result
    report({ message, stopped }, message === undefined ? [] : [message.mtext.buffer as ArrayBuffer])
    if (stopped) return
  }
}

function call(calls: MessageCalls, command: Command) {
  if (command.name === 'msgsnd') return { code: calls.send(command), message: undefined }
  const { address } = command
  if (address !== undefined) {
    const landed = calls.receiveInto({ ...command, address })
    return { code: typeof landed === 'string' ? landed : undefined, message: undefined }
  }
  const received = calls.receive(command)
  return typeof received === 'string' ? { code: received, message: undefined } : { code: undefined, message: received }
}

/** Counts one call as made; whether it was the last that is wanted. */
function isLast(): boolean {
  for (;;) {
    const wanted = Atomics.load(control, WANTED)
    // Interrupted after the message was there: it is one more than is wanted, and handed over all the same.
    if (wanted === 0) return true
    if (Atomics.compareExchange(control, WANTED, wanted, wanted - 1) === wanted) return wanted === 1
  }
}

begin()
serve()
