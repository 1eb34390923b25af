import { IPC_NOWAIT } from '../../abi/index.ts'
import { type IpcNamespace, SyscallError } from '../../contract/index.ts'
import { flag, onlyOneOf, option } from '../arguments.ts'
import type { Command } from '../command.ts'
import { messageTypeFrom, timeoutMsFrom } from '../numbers.ts'
import type { Output } from '../output.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import { waitAtMost } from '../waiting.ts'

/** `msgq send QUEUE [TEXT]` */
export const send: Command = {
  name: 'send',
  summary: 'send TEXT, or standard input, as one message',
  operands: 'QUEUE [TEXT]',
  operandCount: { least: 1, most: 2 },
  options: {
    type: { type: 'string', short: 't', value: 'N', help: 'message type, 1 to 2^63-1; 1 if not given' },
    nowait: { type: 'boolean', help: 'fail (EAGAIN) when the queue is full, instead of waiting for room' },
    timeout: { type: 'string', value: 'SECONDS', help: 'wait for room no longer than this; then exit 124' },
  },
  alsoKnownAs: ['put', 'push', 'post', 'publish', 'msgsnd', 'write'],
  details: `Sends one message: TEXT in UTF-8, or without TEXT all of standard input, byte for byte (a line break at its end
too). Waits for room on a full queue. A TEXT that begins with - goes after --.`,
  examples: [
    { command: "msgq -n linux: send 3 'hello'", does: 'a message of type 1' },
    { command: 'msgq -n linux: send 0x4d5347 --type 2 < order.json', does: "a file's content, of type 2" },
    { command: "printf '' | msgq -n linux: send 3 --nowait", does: 'an empty message, only if there is room' },
    { command: 'msgq -n linux: send 3 -- -5', does: 'a text that looks like an option' },
  ],
  async run(given, { output, openNamespace, interrupted, stdin }) {
    const [queue = '', text] = given.operands
    const name = queueNameFrom(queue)
    const mtype = option(given, 'type', messageTypeFrom) ?? 1
    const timeoutMs = option(given, 'timeout', timeoutMsFrom)
    onlyOneOf(given, ['nowait', 'timeout'])

    const namespace = await openNamespace()
    const msqid = await findQueue(namespace, name)
    if (text === undefined && stdin.isTTY) await output.note('type the message; Ctrl-D ends it')
    const mtext =
      text === undefined ? await readMessage(stdin, namespace, msqid, interrupted) : new TextEncoder().encode(text)
    const msgflg = flag(given, 'nowait') ? IPC_NOWAIT : 0
    await waitAtMost(timeoutMs, 'there was no room', interrupted, (signal) =>
      namespace.msgsnd(msqid, { mtype, mtext }, msgflg, { signal }),
    )
    await sent(output, { msqid, type: mtype, bytes: mtext.length })
  },
}

/** All of standard input, if a message may be that long: an endless one must not fill the memory first. */
async function readMessage(
  stdin: NodeJS.ReadStream,
  namespace: IpcNamespace,
  msqid: number,
  interrupted: AbortSignal,
): Promise<Uint8Array> {
  const { msgmax } = await namespace.limits()
  const stop = () => stdin.destroy()
  interrupted.addEventListener('abort', stop, { once: true })
  try {
    return await readAtMost(stdin, msgmax, msqid)
  } catch (error) {
    interrupted.throwIfAborted()
    throw error
  } finally {
    interrupted.removeEventListener('abort', stop)
  }
}

async function readAtMost(stdin: NodeJS.ReadStream, msgmax: number, msqid: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    // What msgsnd answers to a message that is too long, before it looks for the queue. Source: ipc/msg.c, do_msgsnd().
    if (sizeBytes > msgmax) {
      throw new SyscallError('EINVAL', 'msgsnd', { msqid, hint: `msgmax is ${msgmax}: standard input is longer` })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function sent(output: Output, message: { msqid: number; type: number | bigint; bytes: number }): Promise<void> {
  if (output.isJson) await output.json(message)
}
