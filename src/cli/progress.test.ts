import { equal } from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { Output } from './output.ts'
import { Progress, type ProgressOptions } from './progress.ts'

const ERASE = '\r\x1b[2K'

/** What a person sees who looks at the terminal while work of 2 s goes on, update by update. */
async function seen(
  terminal: { isTTY?: boolean; columns?: number },
  options: ProgressOptions,
  TERM = 'xterm',
): Promise<string> {
  const error = Object.assign(new PassThrough(), terminal)
  const output = new Output(new PassThrough(), error, { isJson: false, environment: { TERM } })
  let now = 0
  {
    using progress = new Progress(output, { ...options, now: () => now })
    for (const [at, done] of [
      [0, 0],
      [499, 240],
      [500, 250],
      [599, 299],
      [1000, 500],
    ] as const) {
      now = at
      progress.update(done)
    }
    await output.note('a note')
    now = 2000
    progress.update(1000)
  }
  error.end()
  return (await error.toArray()).join('')
}

describe('Progress', () => {
  test('shows nothing for half a second, then a line ten times a second, which is gone at the end', async () => {
    equal(
      await seen({ isTTY: true, columns: 0 }, { doing: 'sending', unit: 'messages', total: 1000 }),
      `${ERASE}sending: 250 of 1000 messages  [#####...............]  25%  2 s left` +
        `${ERASE}sending: 500 of 1000 messages  [##########..........]  50%  1 s left` +
        `${ERASE}a note\n` +
        `${ERASE}sending: 1000 of 1000 messages  [####################]  100%  0 s left${ERASE}`,
    )
  })

  test('shows how fast it is where the end is not known, and no more than the terminal is wide', async () => {
    equal(
      await seen({ isTTY: true, columns: 22 }, { doing: 'saving', unit: 'bytes' }),
      `${ERASE}saving: 250 bytes, 50${ERASE}saving: 500 bytes, 50${ERASE}a note\n` +
        `${ERASE}saving: 1000 bytes, 5${ERASE}`,
    )
  })

  test('shows nothing where standard error is no terminal, or one that cannot erase', async () => {
    const options = { doing: 'sending', unit: 'messages', total: 1000 } as const
    equal(await seen({}, options), 'a note\n')
    equal(await seen({ isTTY: true }, options, 'dumb'), 'a note\n')
  })
})
