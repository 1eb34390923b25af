#!/usr/bin/env node
import { Interruption } from './errors.ts'
import { EXIT } from './exit-code.ts'
import { run } from './run.ts'

const interruption = new AbortController()

/** The first signal ends waits, so that no message is lost; a second one ends the process there and then. */
function endOn(signal: 'SIGINT' | 'SIGTERM', exitCode: typeof EXIT.interrupted | typeof EXIT.terminated): void {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(exitCode)
    interruption.abort(new Interruption(signal, exitCode))
  })
}

endOn('SIGINT', EXIT.interrupted)
endOn('SIGTERM', EXIT.terminated)

const exitCode = await run(process.argv.slice(2), {
  out: process.stdout,
  error: process.stderr,
  stdin: process.stdin,
  environment: process.env,
  interrupted: interruption.signal,
})
// All is written. NATS's client (3.4.0) forgets a socket that it gave up dialling, which would keep us while TCP tries: two minutes.
process.exit(exitCode)
