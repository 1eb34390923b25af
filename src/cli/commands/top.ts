import { setTimeout as delay } from 'node:timers/promises'
import { byOrder, QUEUE_COLUMNS, type QueueOrder, Sampler } from '../../view/index.ts'
import { flag, option } from '../arguments.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { timeoutMsFrom } from '../numbers.ts'
import { openUrl } from '../open-url.ts'
import { wholeFrame } from '../top/frame.ts'
import { showLive } from '../top/live.ts'
import { Users } from '../users.ts'

/** Nobody reads faster. */
const INTERVAL_MS_LEAST = 100
const INTERVAL_MS = 1000
const NAMES = QUEUE_COLUMNS.map(({ name }) => name)
const WORDS = QUEUE_COLUMNS.map(({ name, heading }) => ({ word: name, does: heading }))

/** `msgq top [URL]` */
export const top: Command = {
  name: 'top',
  summary: 'see queues live: depth, rates, oldest message, who waits',
  operands: '[URL]',
  operandCount: { least: 0, most: 1 },
  options: {
    sort: { type: 'string', value: 'COLUMN', words: WORDS, help: `by ${NAMES.join(', ')}; default: messages` },
    reverse: { type: 'boolean', help: 'the other way round' },
    interval: { type: 'string', value: 'SECONDS', help: 'between two looks; default 1' },
    once: { type: 'boolean', help: 'look for one interval, print that, and end' },
  },
  alsoKnownAs: ['htop', 'live', 'rates'],
  details: `Looks at all queues again and again, until an interrupt, and takes nothing: messages and bytes of each, how many were
sent and received a second, how old the oldest message is, and who waits. Rates, age and waits are there where the
namespace tells them. On a terminal: q ends, < and > sort by another column, r turns the order, the space bar looks at
once. Elsewhere it prints a table after the other; with --json a line of JSON for each look. URL may stand after the
name, as well as in --namespace.`,
  examples: [
    { command: 'msgq top', does: "your own daemon's queues" },
    { command: 'msgq top linux: --sort used --interval 5', does: "the kernel's, the fullest first" },
    {
      command: "msgq top --once --json | jq '.queues[] | {msqid, sent}'",
      does: 'what is sent a second, for a program',
    },
  ],
  async run(given, context) {
    const order = orderFrom(option(given, 'sort', columnFrom) ?? 'messages', flag(given, 'reverse'))
    const intervalMs = option(given, 'interval', intervalFrom) ?? INTERVAL_MS
    const { output, interrupted, stdin } = context
    const isOnce = flag(given, 'once')
    await using opened = await openUrl(given, context)
    const { url, capabilities } = opened.namespace
    const users = new Users()
    const sampler = new Sampler(opened.namespace, (uid) => users.user(uid))
    using screen = output.isJson || isOnce ? undefined : output.screen()
    if (screen !== undefined) {
      const { style } = output
      // Awaited here: at the end of this scope the namespace is closed.
      return await showLive({ url, capabilities, sampler, screen, stdin, interrupted, intervalMs, order, style })
    }
    for (let isFirst = true; ; isFirst = false) {
      const seen = await sampler.sample()
      // Rates are between two looks: one that is the only one would have none.
      if (!isOnce || !isFirst) {
        if (output.isJson) await output.json({ ...seen, queues: [...seen.queues].sort(byOrder(order)) })
        else
          await output.lines(...wholeFrame({ url, capabilities, seen, order }, output.style), ...(isOnce ? [] : ['']))
        if (isOnce) return
      }
      await pause(intervalMs, interrupted)
    }
  },
}

/** @throws The signal's reason, once it is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** Of numbers the most is looked for, of words the first. */
function orderFrom(name: string, isReversed: boolean): QueueOrder {
  const isMostFirst = name !== 'msqid' && QUEUE_COLUMNS.find((each) => each.name === name)?.isNumber === true
  return { name, isDown: isMostFirst !== isReversed }
}

/** @throws {UsageError} */
function columnFrom(name: string, text: string): string {
  if (NAMES.includes(text)) return text
  const like = nearest(text, NAMES)
  const hint = like === undefined ? '' : `did you mean ${like}? `
  throw new UsageError(`${name} ${text} is not a column`, `${hint}use one of ${NAMES.join(', ')}`)
}

/** @throws {UsageError} */
function intervalFrom(name: string, text: string): number {
  const ms = timeoutMsFrom(name, text)
  if (ms >= INTERVAL_MS_LEAST) return ms
  throw new UsageError(`${name} ${text} is too short`, `it is at least ${INTERVAL_MS_LEAST / 1000} seconds`)
}
