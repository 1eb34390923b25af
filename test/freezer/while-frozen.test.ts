import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, afterEach, describe, test } from 'node:test'
import { IPC_RMID } from '../../src/abi/index.ts'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import { openKernelNamespace } from '../../src/backends/kernel/index.ts'
import { Freezer, type Frozen } from '../../src/freezer/index.ts'
import { ipcOf } from '../../src/freezer/processes.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../src/linux/index.ts'
import {
  Child,
  childrenOf,
  endChildren,
  guardOf,
  lastOnItsProcessor,
  perl,
  receiver,
  sleeper,
  stateOf,
  tracing,
  uninterruptible,
  until,
  untilAsleep,
  untilReceiving,
  vforking,
} from './children.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const namespace = openKernelNamespace()
after(() => namespace.close())
afterEach(endChildren)

/** At a process that ends all the time: one in some ten thousand comes just then. */
const LOOKS = 100_000

/** A program that makes processes all the time. */
const forking = () => perl('print "ready"; while (1) { my $p = fork // next; exit if !$p; waitpid $p, 0 }')

async function withQueue(use: (msqid: number) => Promise<void>): Promise<void> {
  const msqid = await namespace.msgget(0, 0o600)
  try {
    await use(msqid)
  } finally {
    await endChildren()
    await namespace.msgctl(msqid, IPC_RMID)
  }
}

const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)
const pidsOf = ({ processes }: Frozen<unknown>) => sorted(processes.map(({ pid }) => pid))
const nothing = async () => undefined
const statesOf = (...pids: number[]) => pids.map(stateOf).join('')

describe('whileFrozen', () => {
  test('whileFrozen of a namespace stops its processes, says which, and they go on', async () => {
    const [one, two] = [await sleeper(), await sleeper()]
    await using freezer = await Freezer.open(namespace)
    const frozen = await freezer.whileFrozen('namespace', async () => statesOf(one.pid, two.pid))
    deepEqual([frozen.result, pidsOf(frozen), frozen.cgroups], ['TT', [one.pid, two.pid], []])
    equal(frozen.processes[0]?.name, 'perl')
    await untilAsleep(one.pid)
    await untilAsleep(two.pid)
  })

  test('whileFrozen leaves a process stopped that was stopped before', async () => {
    const [stopped, other] = [await sleeper(), await sleeper()]
    process.kill(stopped.pid, 'SIGSTOP')
    await until(() => stateOf(stopped.pid) === 'T')
    await using freezer = await Freezer.open(namespace)
    const frozen = await freezer.whileFrozen('namespace', nothing)
    deepEqual(pidsOf(frozen), [other.pid])
    await untilAsleep(other.pid)
    equal(stateOf(stopped.pid), 'T')
  })

  test('whileFrozen of processes by their numbers stops no others', async () => {
    const [one, two] = [await sleeper(), await sleeper()]
    await using freezer = await Freezer.open(namespace)
    equal((await freezer.whileFrozen([two.pid], async () => statesOf(one.pid, two.pid))).result, 'ST')
  })

  test('whileFrozen of users finds who sent last, received last, and waits, in whichever thread', () =>
    withQueue(async (msqid) => {
      const sender = await perl('msgsnd($ARGV[0], pack("q a*", 1, "x"), 0) or die $!; print "sent"', msqid)
      const last = await receiver(msqid)
      equal(await last.line(), 'x')
      const bystander = await sleeper()
      const waiting = await receiver(msqid)
      await untilReceiving(waiting.pid)
      // Its waiting calls are in threads of their own.
      const url = new URL('../../src/backends/kernel/index.js', import.meta.url).href
      const script = `
        import { openKernelNamespace } from ${JSON.stringify(url)}
        openKernelNamespace().msgrcv(${msqid}, 1, 2, 0)
        console.log('ready')`
      const threads = await Child.start(process.execPath, '--input-type=module', '-e', script)
      await untilReceiving(threads.pid)

      await using freezer = await Freezer.open(namespace)
      const frozen = await freezer.whileFrozen('users', async () => statesOf(bystander.pid))
      const users = sorted([sender, last, waiting, threads].map(({ pid }) => pid))
      deepEqual([frozen.result, pidsOf(frozen)], ['S', users])
    }))

  test('whileFrozen of users stops also who uses a queue only while the others are being stopped', () =>
    withQueue(async (msqid) => {
      const one = await receiver(msqid)
      await untilReceiving(one.pid)
      let late: Child | undefined
      await using freezer = await Freezer.open(namespace)
      const frozen = await freezer.whileFrozen('users', async () => {
        late ??= await perl('msgsnd($ARGV[0], pack("q a*", 1, "x"), 0) or die $!; print "sent"', msqid)
        return statesOf(one.pid, late.pid)
      })
      deepEqual([frozen.result, pidsOf(frozen)], ['TT', [one.pid, late?.pid]])
    }))

  test('whileFrozen sends a waiter that was stopped to the tail, as the kernel has it', () =>
    withQueue(async (msqid) => {
      const first = await receiver(msqid)
      await untilReceiving(first.pid)
      const second = await receiver(msqid)
      await untilReceiving(second.pid)
      await using freezer = await Freezer.open(namespace)
      await freezer.whileFrozen([first.pid], nothing)
      await untilAsleep(first.pid)
      await untilReceiving(first.pid)
      const got = [first, second].map(async (child, at) => `${at}: ${await child.line()}`)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: Buffer.from('next') }, 0)
      equal(await Promise.race(got), '1: next')
      await namespace.msgsnd(msqid, { mtype: 1, mtext: Buffer.from('after') }, 0)
      deepEqual(await Promise.all(got), ['0: after', '1: next'])
    }))

  test('whileFrozen shows no parent a child that is stopped', async () => {
    // The parent looks at the youngest of many, which is stopped last. Perl has no status for one that is stopped: 0.
    const parent = await perl(`
      use POSIX ":sys_wait_h";
      my $child;
      for (1 .. 20) { $child = fork // die $!; if (!$child) { sleep while 1 } }
      print "ready";
      waitpid($child, WUNTRACED);
      print $? == 9 ? "killed" : "stopped"`)
    const children = childrenOf(parent.pid)
    // Its processor is somebody else's, so that it is the last to see its own signal.
    await lastOnItsProcessor(parent.pid)
    try {
      await using freezer = await Freezer.open(namespace)
      deepEqual(pidsOf(await freezer.whileFrozen('namespace', nothing)), sorted([parent.pid, ...children]))
    } finally {
      for (const child of children) process.kill(child, 'SIGKILL')
    }
    equal(await parent.line(), 'killed')
  })

  test('whileFrozen stops a program that makes processes all the time, and every one of them', async () => {
    const { pid } = await forking()
    await using freezer = await Freezer.open(namespace)
    for (let round = 0; round < 20; round++) {
      const { result } = await freezer.whileFrozen('namespace', async () => statesOf(pid, ...childrenOf(pid)))
      match(result, /^T[TZ]?$/)
    }
  })

  test('ipcOf of processes that end while they are looked at is a namespace or none, never that it may not look', async () => {
    const { pid: first } = await forking()
    await forking()
    await forking()
    for (let looks = 0; looks < LOOKS; ) {
      for (const pid of readdirSync('/proc').map(Number)) {
        if (!(pid > first)) continue
        match(ipcOf(pid) ?? 'ipc:', /^ipc:/)
        looks++
      }
    }
  })

  test('whileFrozen counts a parent as stopped that waits in vfork for a child that is stopped', async () => {
    const parent = await vforking()
    const [child = 0] = childrenOf(parent.pid)
    await untilAsleep(child)
    try {
      await using freezer = await Freezer.open(namespace)
      const frozen = await freezer.whileFrozen('namespace', async () => statesOf(parent.pid, child))
      deepEqual([frozen.result, pidsOf(frozen)], ['DT', [parent.pid, child]])
      await untilAsleep(child)
    } finally {
      process.kill(child, 'SIGKILL')
    }
    equal(await parent.line(), 'goes on')
  })

  test('whileFrozen does its work again when somebody went on meanwhile', async () => {
    const { pid } = await sleeper()
    await using freezer = await Freezer.open(namespace)
    let times = 0
    const frozen = await freezer.whileFrozen([pid], async () => {
      if (times++ > 0) return
      process.kill(pid, 'SIGCONT')
      await untilAsleep(pid)
    })
    deepEqual([times, pidsOf(frozen)], [2, [pid]])
    await untilAsleep(pid)
  })

  test('whileFrozen of somebody who goes on each time is ERR_MSGQ_TORN', async () => {
    const { pid } = await sleeper()
    await using freezer = await Freezer.open(namespace)
    const work = async () => {
      process.kill(pid, 'SIGCONT')
      await untilAsleep(pid)
    }
    await rejects(freezer.whileFrozen([pid], work), { code: 'ERR_MSGQ_TORN', message: /each of 8 tries/ })
  })

  test('whileFrozen whose work fails lets them go on', async () => {
    const { pid } = await sleeper()
    await using freezer = await Freezer.open(namespace)
    const work = async () => {
      equal(stateOf(pid), 'T')
      throw new Error('no')
    }
    await rejects(freezer.whileFrozen([pid], work), /^Error: no$/)
    await untilAsleep(pid)
  })

  test('whileFrozen that is aborted while it stops them lets them go on, and rejects with the reason', async () => {
    const [{ pid }, busy] = [await sleeper(), await uninterruptible()]
    await using freezer = await Freezer.open(namespace)
    const abort = new AbortController()
    const frozen = freezer.whileFrozen([pid, busy.pid], nothing, { signal: abort.signal })
    const rejected = rejects(frozen, /^Error: enough$/)
    await until(() => stateOf(pid) === 'T')
    abort.abort(new Error('enough'))
    await rejected
    await untilAsleep(pid)
  })

  test('whileFrozen names the process that a device keeps from stopping, and lets the others go on', async () => {
    const [{ pid }, busy] = [await sleeper(), await uninterruptible()]
    await using freezer = await Freezer.open(namespace)
    const message = new RegExp(`process ${busy.pid} \\(perl\\) does not stop within 5 s: .* waits for a device`)
    await rejects(freezer.whileFrozen('namespace', nothing), { code: 'ERR_MSGQ_UNAVAILABLE', message })
    await untilAsleep(pid)
  })

  test('whileFrozen names a process that is traced, and its tracer', async () => {
    const tracer = await tracing()
    const [traced = 0] = childrenOf(tracer.pid)
    await using freezer = await Freezer.open(namespace)
    const message = new RegExp(`process ${traced} \\(perl\\) is traced by process ${tracer.pid} \\(perl\\)`)
    await rejects(freezer.whileFrozen('namespace', nothing), { code: 'ERR_MSGQ_UNAVAILABLE', message })
    process.kill(traced, 'SIGKILL')
  })

  test('whileFrozen by a user who may not stop a process names it', async () => {
    const { pid } = await sleeper()
    const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
    const script = `
      import { openKernelNamespace } from ${url('../../src/backends/kernel/index.js')}
      import { Freezer } from ${url('../../src/freezer/index.js')}
      const freezer = await Freezer.open(openKernelNamespace())
      process.setgroups([]); process.setgid(1234); process.setuid(1234)
      const { code, message } = await freezer.whileFrozen([${pid}], async () => 0).catch((error) => error)
      console.log(code + ' ' + message)
      await freezer.close()
    `
    const other = await Child.start(process.execPath, '--input-type=module', '-e', `console.log('ready'); ${script}`)
    match(
      await other.line(),
      new RegExp(`^ERR_MSGQ_UNAVAILABLE .*process ${pid} \\(perl\\) may not be stopped by this user`),
    )
    equal(stateOf(pid), 'S')
  })

  test('whileFrozen whose guard is killed lets them go on itself, and says that nothing is proved', async () => {
    const { pid } = await sleeper()
    const freezer = await Freezer.open(namespace)
    const work = async () => {
      process.kill(guardOf(process.pid) ?? 0, 'SIGKILL')
      await untilAsleep(pid)
    }
    await rejects(freezer.whileFrozen([pid], work), { code: 'ERR_MSGQ_UNAVAILABLE', message: /try again/ })
    await rejects(freezer.whileFrozen([pid], nothing), { code: 'ERR_MSGQ_UNAVAILABLE' })
    await freezer.close()
    equal(stateOf(pid), 'S')
  })

  test('whileFrozen of a process that is not there, of this one, and of init stops nobody', async () => {
    const { pid } = await sleeper()
    await using freezer = await Freezer.open(namespace)
    const work = async () => stateOf(pid)
    const unavailable = { code: 'ERR_MSGQ_UNAVAILABLE' }
    await rejects(freezer.whileFrozen([pid, 2 ** 31 - 1], work), { ...unavailable, message: /no process/ })
    await rejects(freezer.whileFrozen([pid, 1], work), { ...unavailable, message: /linux:\?pid=N/ })
    await rejects(freezer.whileFrozen([process.pid], work), TypeError)
    await rejects(freezer.whileFrozen([-1], work), RangeError)
    equal((await freezer.whileFrozen([], work)).result, 'S')
  })
})

describe('open', () => {
  test('open a second time is refused while there is a first', async () => {
    const first = await Freezer.open(namespace)
    await rejects(Freezer.open(namespace), { code: 'ERR_MSGQ_UNAVAILABLE', message: /another msgq/ })
    await first.close()
    await (await Freezer.open(namespace)).close()
  })

  test('open of a namespace that is not the kernel is a TypeError', async () => {
    await using memory = openEmbeddedNamespace()
    await rejects(Freezer.open(memory), TypeError)
  })
})
