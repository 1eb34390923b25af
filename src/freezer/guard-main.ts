/**
 * The guard: a process of its own that outlives whoever stops others, and lets these go on. It is told of each before
 * it is stopped; when its input ends, however that comes, or is silent for too long, it lets all go on.
 *
 * Its arguments are the name of the IPC namespace and how long a silence it bears, in milliseconds. Of two who stop a
 * namespace's processes each would stop the other and its guard, for ever: so there is one guard of a namespace at a time.
 */
import { createServer } from 'node:net'
import { type FromGuard, lineReader, type ToGuard } from './guard-protocol.ts'
import { Holdings } from './holdings.ts'

const [, , ipc, silenceMs] = process.argv
const holdings = new Holdings()

function end(exitCode: number): never {
  process.exit(holdings.goOn().length === 0 ? exitCode : 1)
}

function say(word: FromGuard): void {
  process.stdout.write(`${word}\n`)
}

/** Nobody listens any more: the end of the input says so too, and more reliably. */
function ignore(): undefined {
  return undefined
}

process.stdout.on('error', ignore)
process.on('uncaughtException', () => end(1))
// One of these sent to all of us ends the one that we work for, and then our input ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, ignore)

const silence = setTimeout(() => end(1), Number(silenceMs))
const take = lineReader((line) => {
  const told = JSON.parse(line) as ToGuard
  switch (told.word) {
    case 'keep processes':
      holdings.keepProcesses(told.processes)
      return say('done')
    case 'keep cgroup':
      return say(holdings.keepCgroup(told.folder) ? 'done' : 'refused')
    case 'go on':
      return say(holdings.goOn().length === 0 ? 'done' : 'refused')
    case 'alive':
      return
  }
})

// A name without a file: it is gone with the process that has it. Source: unix(7), "Abstract sockets".
const lock = createServer()
lock.on('error', () => {
  say('busy')
  end(0)
})
lock.listen(`\0msgq-freezer-${process.getuid?.()}-${ipc}`, () => say('ready'))

process.stdin.setEncoding('utf8')
process.stdin.on('data', (chunk: string) => {
  silence.refresh()
  take(chunk)
})
process.stdin.on('error', () => end(0))
process.stdin.on('end', () => end(0))
