import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { ReadSoFar } from '../../backends/daemon/index.ts'
import { Output } from '../output.ts'
import { replayIn } from './own-daemon.ts'
import { ReplayReport } from './replay-report.ts'

/** What a replay of so many seconds tells, a thousandth of it at a time. */
async function told(seconds: number) {
  const error = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
  const output = new Output(new PassThrough(), error, { isJson: false, environment: { TERM: 'xterm' } })
  const logged: ReadSoFar[] = []
  const notified: string[] = []
  let now = 0
  {
    using report = new ReplayReport({
      output,
      log: (read) => logged.push(read),
      notify: (state) => notified.push(state),
      now: () => now,
    })
    for (let bytes = 0; bytes <= 1000; bytes++) {
      now = bytes * seconds
      report.update({ bytes, totalBytes: 1000 })
    }
  }
  error.end()
  return { logged, notified, drawn: (await error.toArray()).join('') }
}

test('ReplayReport says nothing of a start that is short', async () => {
  deepEqual(await told(0.4), { logged: [], notified: [], drawn: '' })
})

test('ReplayReport has a line in the log and for systemd after a second and then every five, and one on the terminal', async () => {
  const { logged, notified, drawn } = await told(12)
  deepEqual(
    logged.map(({ bytes }) => bytes),
    [84, 501, 918],
  )
  equal(notified[1], 'STATUS=replaying the journal: 50%\nEXTEND_TIMEOUT_USEC=60000000')
  ok(drawn.includes('replaying: 501 bytes of 1000 bytes  [##########..........]  50%  6 s left'))
  ok(drawn.endsWith('\r\x1b[2K'), 'it is gone at the end')
})

test('replayIn reads in the log how far a replay is, where that was the last that was told', () => {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-log-'))
  const log = join(directory, 'log')
  const line = '{"level":30,"time":1,"pid":2,"bytes":1048576,"totalBytes":4194304,"msg":"replaying"}\n'
  writeFileSync(log, line)
  match(replayIn(log) ?? '', /^the daemon replays its journal: 1\S* MiB of 4\S* MiB$/)
  writeFileSync(log, `${line}{"level":30,"msg":"ready"}\n`)
  equal(replayIn(log), undefined)
  rmSync(directory, { recursive: true })
})
