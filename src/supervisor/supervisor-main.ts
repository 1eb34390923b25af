/** The process that answers the calls of programs: `supervisor-main.js ORDER`, with a channel to the launcher at descriptor 3. */
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setFlagsFromString } from 'node:v8'
import { BackendError } from '../contract/index.ts'
import { readImage } from '../image/index.ts'
import { linuxCalls, supervisionCalls } from '../linux/index.ts'
import { openNamespace } from '../open/index.ts'
import { machinesHere } from './machines.ts'
import { Supervisor } from './supervisor.ts'
import type { FromSupervisor, SupervisorOrder, ToSupervisor } from './supervisor-order.ts'

const CHANNEL = 3
/**
 * V8 may make few and long functions of what answers a call. The processor's caches are the program's when one comes, and
 * a fiftieth of a pair goes without the ways between many. A V8 that does not know it lets it be.
 */
const INLINING = '--max-inlined-bytecode-size-cumulative=4000'
setFlagsFromString(INLINING)

const { url, restore, procFiles } = JSON.parse(process.argv[2] ?? '{}') as SupervisorOrder
const channel = new Socket({ fd: CHANNEL, readable: true, writable: true })
try {
  await supervise()
} catch (error) {
  const code = error instanceof BackendError ? error.code : 'ERR_MSGQ_UNAVAILABLE'
  const message = error instanceof Error ? error.message.replace(`${code}: `, '') : String(error)
  await tell({ code, message })
  process.exitCode = 1
} finally {
  channel.destroy()
}
// As the command does: a socket that NATS's client gave up dialling would keep us.
process.exit()

async function supervise(): Promise<void> {
  await using namespace = await openNamespace(url)
  if (restore !== undefined) await namespace.restore((await readImage(restore)).checkpoint)
  const launcher = createInterface({ input: channel })[Symbol.asyncIterator]()
  await tell('ready')
  const { value, done } = await launcher.next()
  // The launcher has ended without a program.
  if (done) return
  const { pid, listener } = JSON.parse(value) as ToSupervisor
  const supervisor = new Supervisor(fetchDescriptor(pid, listener), machinesHere(procFiles), namespace)
  // What ps(1) shows: it has no terminal, and no parent that says whose it is.
  process.title = `msgq run: supervisor of ${pid}`
  const over = supervisor.run()
  await tell('listening')
  channel.destroy()
  await over
}

/** A descriptor of another process's, as one of ours. */
function fetchDescriptor(pid: number, fd: number): number {
  const calls = supervisionCalls()
  const pidfd = linuxCalls().pidfdOpen(pid, 0)
  const fetched = calls.pidfdGetfd(pidfd, fd)
  const errno = calls.errno()
  calls.close(pidfd)
  if (fetched >= 0) return fetched
  throw new BackendError('ERR_MSGQ_UNAVAILABLE', `the filter's listener cannot be fetched: errno ${errno}`)
}

function tell(message: FromSupervisor): Promise<void> {
  return new Promise((resolve) => channel.write(`${JSON.stringify(message)}\n`, () => resolve()))
}
