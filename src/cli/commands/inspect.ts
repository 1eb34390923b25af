import os from 'node:os'
import { flag, option } from '../arguments.ts'
import type { Command } from '../command.ts'
import { countFrom } from '../numbers.ts'
import { openUrl } from '../open-url.ts'
import { Users } from '../users.ts'

/** `msgq inspect [URL]` */
export const inspect: Command = {
  name: 'inspect',
  summary: 'see queues and messages in a browser',
  operands: '[URL]',
  operandCount: { least: 0, most: 1 },
  options: {
    port: { type: 'string', value: 'PORT', help: 'on 127.0.0.1; default: any free port' },
    'read-only': { type: 'boolean', help: 'refuse all that changes something, checkpoints and images' },
  },
  alsoKnownAs: ['inspector', 'ui', 'web', 'browser', 'dashboard'],
  details: `Serves a page to this machine's browsers until an interrupt, and prints its link, which works once: every queue with
depth, limit and who waits; a queue's messages, copied and never taken; send, receive, remove, change; images looked
into, compared and restored; the past, where a daemon keeps it. What the page may is what you may. Looking changes
nothing of a queue. URL may stand after the name, as well as in --namespace.`,
  examples: [
    { command: 'msgq inspect linux:', does: "the kernel's queues" },
    { command: 'msgq inspect --read-only', does: 'your own daemon; the page can change nothing' },
    { command: "msgq inspect 'linux:?pid=1234' --port 8080", does: "a container's, at a port that you choose" },
  ],
  async run(given, context) {
    const port = option(given, 'port', (name, text) => countFrom(name, text, 0, 65_535)) ?? 0
    const readOnly = flag(given, 'read-only')
    const { output, interrupted } = context
    await using opened = await openUrl(given, context)
    // Loaded for this command alone: others are to start fast.
    const { startInspector } = await import('../../inspector/index.ts')
    const users = new Users()
    const { uid, username } = os.userInfo()
    const options = { port, readOnly, user: username || String(uid), userName: (id: number) => users.user(id) }
    await using inspector = await startInspector(opened.namespace, options)
    if (output.isJson) await output.json({ url: inspector.url })
    else await output.lines(inspector.url)
    await output.note('open the link; it works once. An interrupt ends it.')
    if (!interrupted.aborted)
      await new Promise((resolve) => interrupted.addEventListener('abort', resolve, { once: true }))
  },
}
