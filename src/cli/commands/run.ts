import { flag, onlyOneOf, textOption } from '../arguments.ts'
import type { Command, CommandContext } from '../command.ts'

/** `msgq run -- PROGRAM [WORD...]` */
export const run: Command = {
  name: 'run',
  summary: 'run a program over a namespace of ours, unchanged',
  operands: '-- PROGRAM [WORD...]',
  operandCount: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {
    daemon: { type: 'boolean', help: 'the queues of your own daemon, which outlive the program' },
    restore: { type: 'string', value: 'DIR', help: 'restore the queues of an image first' },
    'no-proc': {
      type: 'boolean',
      help: "leave /proc as it is: ipcs shows the kernel's queues; opening files is faster",
    },
  },
  alsoKnownAs: ['exec', 'launch', 'supervise', 'wrap'],
  details: `Runs a program, and all that it starts, whose msgget, msgsnd, msgrcv and msgctl are answered by a namespace of
msgq's instead of the kernel: a fresh one of its own that ends with it or, with --namespace or --daemon, one that others
share. Needs no root, no change of the program, no queues in the kernel. The program is this very process: its exit
status, signals, terminal and descriptors are its own. /proc/sysvipc/msg and /proc/sys/kernel/msg* show the namespace, so
that ipcs works inside. \`msgq doctor\` says whether it can be done here. Put -- before the program. Exits with 127 where there is no such program, with 126 where it cannot be run, or not so.`,
  examples: [
    { command: 'msgq run -- ./old-program --its-option', does: 'over queues of its own' },
    { command: "msgq run --daemon -- sh -c './producer & ./consumer'", does: 'over queues that outlive them' },
    { command: 'msgq run --namespace unix:/run/msgq.sock -- ipcs -q', does: 'see with the tools that you know' },
    { command: 'msgq run --restore backup -- ./old-program', does: 'go on with the queues of a checkpoint' },
  ],
  async run(given, context) {
    onlyOneOf(given, ['daemon', 'namespace'])
    const restore = textOption(given, 'restore')
    // Loaded for this command alone: others are to start fast.
    const { runProgram } = await import('../../supervisor/index.ts')
    await runProgram(given.operands, {
      url: await namespaceUrl(textOption(given, 'namespace'), flag(given, 'daemon'), context),
      ...(restore !== undefined && { restore }),
      procFiles: !flag(given, 'no-proc'),
      signal: context.interrupted,
    })
  },
}

/** The URL of the namespace; your own daemon is started for it. */
async function namespaceUrl(named: string | undefined, isOwnDaemon: boolean, context: CommandContext): Promise<string> {
  const { MSGQ_NAMESPACE } = context.environment
  if (!isOwnDaemon) return named ?? (MSGQ_NAMESPACE || 'memory:')
  const { openOwnNamespace } = await import('../serve/own-daemon.ts')
  const namespace = await openOwnNamespace(context.environment, context.output)
  await namespace.close()
  return namespace.url
}
