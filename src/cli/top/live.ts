import { setTimeout as delay } from 'node:timers/promises'
import { BackendError, type Capabilities } from '../../contract/index.ts'
import { columnsThere, type QueueOrder, type Sampler, type Seen } from '../../view/index.ts'
import type { Style } from '../output.ts'
import type { Screen } from '../screen.ts'
import { screenFrame } from './frame.ts'
import { onKeys } from './keyboard.ts'

/** What is shown, where, and by whose keys. */
export interface LiveOptions {
  readonly url: string
  readonly capabilities: Capabilities
  readonly sampler: Sampler
  readonly screen: Screen
  readonly stdin: NodeJS.ReadStream
  readonly interrupted: AbortSignal
  readonly intervalMs: number
  readonly order: QueueOrder
  readonly style: Style
}

/** Draws the queues on a screen, again and again, until a person has seen enough. @throws The reason of `interrupted`. */
export async function showLive(options: LiveOptions): Promise<void> {
  const { url, capabilities, sampler, screen, intervalMs, style } = options
  let { order } = options
  let seen: Seen | undefined
  let lost: string | undefined
  const quit = new AbortController()
  let hurry = new AbortController()
  const draw = async () => {
    if (seen !== undefined) await screen.draw(screenFrame({ url, capabilities, seen, order, lost }, screen, style))
  }
  // A screen that cannot be drawn on any more ends the loop below at its next drawing.
  const redraw = () => void draw().catch(() => undefined)
  const stopKeys = onKeys(options.stdin, screen, (key) => {
    if (key === 'q') return quit.abort()
    if (key === ' ') return hurry.abort()
    if (key === '<' || key === '>')
      order = { ...order, name: neighbour(order.name, key === '<' ? -1 : 1, capabilities) }
    else if (key === 'r' || key === 'R') order = { ...order, isDown: !order.isDown }
    redraw()
  })
  const stopResizing = screen.onResize(redraw)
  const ended = AbortSignal.any([options.interrupted, quit.signal])
  try {
    while (!ended.aborted) {
      try {
        seen = await untilAborted(sampler.sample(), ended)
        lost = undefined
      } catch (error) {
        // What was there stays to be read, and comes alive when the daemon is back.
        if (seen === undefined || !(error instanceof BackendError) || error.code !== 'ERR_MSGQ_UNAVAILABLE') throw error
        lost = `not connected: ${error.message}`
      }
      await draw()
      hurry = new AbortController()
      await delay(intervalMs, undefined, { signal: AbortSignal.any([ended, hurry.signal]) }).catch(() => undefined)
    }
  } catch (error) {
    if (!ended.aborted) throw error
  } finally {
    stopResizing()
    stopKeys()
  }
  options.interrupted.throwIfAborted()
}

/** The column beside one, round and round. */
function neighbour(name: string, step: 1 | -1, capabilities: Capabilities): string {
  const columns = columnsThere(capabilities)
  const at = columns.findIndex((column) => column.name === name)
  return columns.at((at + step) % columns.length)?.name ?? name
}

/** A value, unless the signal is first: a daemon that is away answers nothing. */
async function untilAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([value, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
