import { match, ok, strictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

/** The compiled tree that this file is a part of, and the folder that it was compiled in. */
const DIST = new URL('../..', import.meta.url).pathname
const PACKAGE = new URL('../../..', import.meta.url).pathname

/** A fault: one text of a compiled file of the engine, and what is put in its place. */
interface Fault {
  readonly name: string
  readonly file: string
  readonly right: string
  readonly wrong: string
  readonly options: readonly string[]
}

/** So much of a run finds each fault; a minute is what the slowest machine may take. */
const MINUTE_MS = 60_000
const CALLS: readonly string[] = ['--calls', '300000']
const SCENARIOS: readonly string[] = ['--calls', '0', '--scenarios', '2000']

const FAULTS: readonly Fault[] = [
  {
    name: 'a search that leaves out the type that is exactly the highest asked for',
    file: 'search.js',
    right: 'messages.typeOf(lowest) <= selector.type',
    wrong: 'messages.typeOf(lowest) < selector.type',
    options: CALLS,
  },
  {
    name: 'a waiting receiver that is passed over when the type is exactly the highest it asked for',
    file: 'search.js',
    right: 'return mtype <= selector.type',
    wrong: 'return mtype < selector.type',
    options: SCENARIOS,
  },
  {
    name: 'a search that takes the youngest message of the lowest type',
    file: 'messages/message-list.js',
    right: 'this.typeOf(at) < this.typeOf(lowest)',
    wrong: 'this.typeOf(at) <= this.typeOf(lowest)',
    options: CALLS,
  },
  {
    name: 'an index of deep queues that skips the message behind the oldest of a type',
    file: 'messages/message-list.js',
    right: 'types.setTail(slot, address)',
    wrong: 'types.setTail(slot, types.headOf(slot))',
    options: CALLS,
  },
  {
    name: 'a copy that goes on from where a removed message stood',
    file: 'messages/message-list.js',
    right: 'this.#index = -1',
    wrong: 'void 0',
    options: CALLS,
  },
  {
    name: 'accounting that forgets one byte of each message received',
    file: 'msg-queue.js',
    right: 'queue.cbytes -= sizeBytes',
    wrong: 'queue.cbytes -= Math.max(sizeBytes - 1, 0)',
    options: CALLS,
  },
  {
    name: 'a queue that is full one byte too early',
    file: 'msg-queue.js',
    right: 'sizeBytes + queue.cbytes <= queue.qbytes',
    wrong: 'sizeBytes + queue.cbytes < queue.qbytes',
    options: CALLS,
  },
  {
    name: 'a wake order that serves the receiver that came last first',
    file: 'receivers.js',
    right: '(this.#slotOf(selector.type)).push(receiver)',
    wrong: '(this.#slotOf(selector.type)).unshift(receiver)',
    options: SCENARIOS,
  },
  {
    name: 'a wake order that serves who waits for one type before who waits for any and came first',
    file: 'receivers.js',
    right: '? own : other',
    wrong: '? own : own',
    options: SCENARIOS,
  },
  {
    name: 'a hand-over that leaves the process and not the thread in lrpid',
    file: 'delivery.js',
    right: 'countReceive(step, queue, receiver.caller.tid)',
    wrong: 'countReceive(step, queue, receiver.caller.pid)',
    options: SCENARIOS,
  },
]

describe('the oracle finds planted faults', () => {
  const folder = mkdtempSync(join(tmpdir(), 'msgq-planted-'))

  before(() => {
    for (const part of ['src/abi', 'src/engine', 'src/linux', 'test/oracle', 'test/command-line.js']) {
      cpSync(join(DIST, part), join(folder, 'dist', part), { recursive: true })
    }
    cpSync(join(PACKAGE, 'package.json'), join(folder, 'package.json'))
    symlinkSync(join(PACKAGE, 'node_modules'), join(folder, 'node_modules'))
  })

  after(() => rmSync(folder, { recursive: true }))

  test('npm run oracle finds nothing in the copy of the engine while it has no fault', () => {
    const { status, stderr } = runOracle(['--seed', '1', '--calls', '5000', '--scenarios', '100'])
    strictEqual(status, 0, stderr)
  })

  for (const { name, file, right, wrong, options } of FAULTS) {
    test(`npm run oracle finds ${name} within a minute, and prints the seed`, () => {
      const path = join(folder, 'dist', 'src', 'engine', file)
      const compiled = readFileSync(path, 'utf8')
      strictEqual(compiled.split(right).length, 2, `"${right}" is not, once, in ${file}: plant this fault anew`)
      writeFileSync(path, compiled.replace(right, wrong))
      try {
        const { status, stderr } = runOracle(['--seed', '1', ...options])
        strictEqual(status, 1, `the fault was not found\n${stderr}`)
        match(stderr, /engine and kernel disagree/)
        match(stderr, /to repeat: npm run oracle -- --seed 1 /)
      } finally {
        writeFileSync(path, compiled)
      }
    })
  }

  function runOracle(options: readonly string[]) {
    const main = join(folder, 'dist', 'test', 'oracle', 'main.js')
    const run = spawnSync(process.execPath, [main, ...options], { encoding: 'utf8', timeout: MINUTE_MS })
    ok(run.signal === null, `not done after a minute\n${run.stdout}${run.stderr}`)
    return run
  }
})
