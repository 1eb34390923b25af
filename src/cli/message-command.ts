import { spawn } from 'node:child_process'
import { type HeldMessage, SyscallError } from '../contract/index.ts'
import { type FoundInSpool, type HeldReceiver, openHeldReceiver } from '../transfer/index.ts'
import type { CommandContext } from './command.ts'
import { CommandFailed } from './errors.ts'
import { type Output, toJson } from './output.ts'
import type { Receiving } from './receiving.ts'
import { waitAtMost } from './waiting.ts'
import { bytesOf } from './words.ts'

/** A slot keeps the name of where its message goes, and has room for a name, not for a program. */
const COMMAND_LETTERS = 60

export interface MessageCommand {
  /** A line for the shell. */
  readonly command: string
  /** The directory of slots; `undefined` is that of `mv`. */
  readonly spool: string | undefined
  /** Told of every message that is removed for good. */
  onTaken(): void
}

/**
 * Runs a command for each message, which is held meanwhile and removed only if the command succeeds.
 *
 * An interrupt waits for the command that runs. A command that fails ends it all: whoever follows a queue would be
 * handed the same message again and again.
 *
 * @throws {CommandFailed} the message is not lost, and the error says where it is.
 */
export async function executeForMessages(
  receiving: Receiving,
  { command, spool, onTaken }: MessageCommand,
  { output, interrupted }: Pick<CommandContext, 'output' | 'interrupted'>,
): Promise<void> {
  const { namespace, msqid, msgtyp, msgflg, nowait, timeoutMs, most } = receiving
  const shown = command.length > COMMAND_LETTERS ? `${command.slice(0, COMMAND_LETTERS)}…` : command
  const options = { msgtyp, msgflg, target: `the command ${JSON.stringify(shown)}` }
  const receiver = await openHeldReceiver({ namespace, msqid }, spool === undefined ? options : { ...options, spool })
  try {
    if (receiver.found !== undefined) await tellFound(receiver.found, output)
    for (let taken = 0; taken < most; taken++) {
      const message = await waitAtMost(timeoutMs, 'no message came', interrupted, (signal) =>
        receiver.receive({ nowait, signal }),
      )
      const ended = await held(message, () => runCommand(command, message, receiving))
      if (ended === undefined) onTaken()
      else {
        const where = whereIs(message, receiver, msqid)
        // The terminal interrupts the command as well as us.
        if (!interrupted.aborted) throw new CommandFailed(`${shown}: ${ended.words}`, ended.status, where)
        await output.note(where)
        interrupted.throwIfAborted()
      }
    }
  } finally {
    receiver.close()
  }
}

/** How a command ended that did not succeed. */
interface BadEnd {
  readonly words: string
  readonly status: number | null
}

/** Runs a command while its message is held. It is removed if the command succeeds, and shown again whatever else happens. */
async function held(message: HeldMessage, run: () => Promise<BadEnd | undefined>): Promise<BadEnd | undefined> {
  let isDone = false
  try {
    const ended = await run()
    isDone = ended === undefined
    return ended
  } finally {
    await unlessRemoved(isDone ? message.accept() : message.refuse())
  }
}

/** A hold also ends with its queue. */
async function unlessRemoved(end: Promise<void>): Promise<void> {
  try {
    await end
  } catch (error) {
    if (!(error instanceof SyscallError) || error.code !== 'EINVAL') throw error
  }
}

/** Runs the shell with the payload as its standard input. @returns `undefined` when it exits with 0. */
function runCommand(
  command: string,
  { mtype, mtext }: HeldMessage,
  { namespace, msqid }: Receiving,
): Promise<BadEnd | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      stdio: ['pipe', 'inherit', 'inherit'],
      env: {
        ...process.env,
        MSGQ_NAMESPACE: namespace.url,
        MSGQ_MSQID: String(msqid),
        MSGQ_TYPE: String(mtype),
        MSGQ_LENGTH: String(mtext.length),
      },
    })
    child.once('error', reject)
    child.once('close', (status, signal) => {
      if (status === 0) resolve(undefined)
      else resolve({ status, words: signal === null ? `exit status ${status}` : `ended by ${signal}` })
    })
    // A command need not read its input (EPIPE): its exit status alone counts.
    child.stdin.once('error', (error) => {
      if (!('code' in error) || error.code !== 'EPIPE') reject(error)
    })
    child.stdin.end(mtext)
  })
}

function whereIs({ mtype, mtext }: HeldMessage, { slot }: HeldReceiver, msqid: number): string {
  const what = `the message (type ${mtype}, ${bytesOf(mtext.length)})`
  if (slot === undefined) return `${what} is on queue ${msqid} again, at its place`
  return `${what} is in ${slot}: the next receive --exec or mv from queue ${msqid} begins with it`
}

/** What a killed receive or mv had in its hands goes first; whether that may be twice is told before. */
async function tellFound({ mtype, sizeBytes, ...found }: FoundInSpool, output: Output): Promise<void> {
  const { mayBeDoubled, mayBeCut, source, target } = found
  if (output.isJson) return output.note(toJson({ found: { type: mtype, bytes: sizeBytes, ...found } }))
  const what = `a message of type ${mtype}, ${bytesOf(sizeBytes)}`
  const arrived = mayBeDoubled ? '; it may have arrived there' : ''
  const cut = mayBeCut ? '; other programs received too, and it may have been longer' : ''
  await output.note(
    `begins with ${what}, that an earlier run left on its way from ${source} to ${target}${arrived}${cut}`,
  )
}
