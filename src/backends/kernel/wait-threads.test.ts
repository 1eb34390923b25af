import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, MSG_EXCEPT, MSG_NOERROR } from '../../abi/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../linux/index.ts'
import { KERNEL_WAIT_THREADS_MAX, openKernelNamespace } from './index.ts'

/** Longer than anything takes here, also where 128 threads share a busy processor: what never ends must not hold the tests. */
const TIMEOUT_MS = 120_000

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const namespace = openKernelNamespace()
after(() => namespace.close())

const mtext = (text: string) => new Uint8Array(Buffer.from(text))
const newQueue = () => namespace.msgget(0, 0o600)
const send = (msqid: number, mtype: number, text = '') => namespace.msgsnd(msqid, { mtype, mtext: mtext(text) }, 0)

/** Runs a script in a fresh IPC namespace; `namespace` and `msqid` are there. */
function run(script: string): string {
  const prelude = `
    import { linuxCalls, CLONE_NEWIPC } from ${JSON.stringify(new URL('../../linux/index.js', import.meta.url).href)}
    import { openKernelNamespace } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)}
    linuxCalls().unshare(CLONE_NEWIPC)
    const namespace = openKernelNamespace()
    const msqid = await namespace.msgget(0, 0o600)
  `
  return execFileSync(process.execPath, ['--input-type=module', '-e', prelude + script], {
    timeout: TIMEOUT_MS,
  }).toString()
}

describe('a waiting msgrcv', () => {
  test('msgrcv is in the line of the kernel before the calls after it are made', async () => {
    const msqid = await newQueue()
    const first = namespace.msgrcv(msqid, 10, 0, 0)
    const second = namespace.msgrcv(msqid, 10, 5, 0)
    const third = namespace.msgrcv(msqid, 10, 5, MSG_EXCEPT)
    await send(msqid, 5, 'a')
    // Handed over, never queued: a receive that does not wait finds nothing.
    await rejects(namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT), { code: 'ENOMSG' })
    await send(msqid, 5, 'b')
    await send(msqid, 6, 'c')
    const messages = await Promise.all([first, second, third])
    deepEqual(
      messages.map(({ mtext }) => Buffer.from(mtext).toString()),
      ['a', 'b', 'c'],
    )
  })

  test('msgrcv that is too small fails with E2BIG and the next one gets the message', async () => {
    const msqid = await newQueue()
    const small = rejects(namespace.msgrcv(msqid, 2, 0, 0), { code: 'E2BIG', syscall: 'msgrcv', msqid })
    const cut = namespace.msgrcv(msqid, 2, 0, MSG_NOERROR)
    await send(msqid, 1, 'longer')
    await small
    equal((await cut).mtext.length, 2)
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
  })

  test('msgrcv ends with EIDRM when the queue is removed', async () => {
    const msqid = await newQueue()
    const waits = Array.from({ length: 12 }, () => rejects(namespace.msgrcv(msqid, 1, 0, 0), { code: 'EIDRM', msqid }))
    await namespace.msgctl(msqid, IPC_RMID)
    await Promise.all(waits)
  })

  test('msgrcv with a huge msgsz gets a message of a msgmax that was raised while it waited', async () => {
    const limits = await namespace.limits()
    await namespace.setLimits({ msgmnb: 1_000_000 })
    const msqid = await newQueue()
    const plain = namespace.msgrcv(msqid, 5e9, 0, 0)
    const cut = namespace.msgrcv(msqid, 5e9, 0, MSG_NOERROR)
    await namespace.setLimits({ msgmax: 500_000 })
    const long = new Uint8Array(300_000).fill(9)
    await namespace.msgsnd(msqid, { mtype: 1, mtext: long }, 0)
    await namespace.msgsnd(msqid, { mtype: 1, mtext: long }, 0)
    for (const { mtext } of await Promise.all([plain, cut])) equal(Buffer.compare(mtext, long), 0)
    await namespace.setLimits(limits)
  })

  test('msgrcv: a hundred wait while files are read and written, and each gets one message', async () => {
    const msqid = await newQueue()
    const waits = Array.from({ length: 100 }, () => namespace.msgrcv(msqid, 10, 0, 0))
    const file = join(tmpdir(), `msgq-${process.pid}`)
    for (let round = 0; round < 20; round++) {
      await writeFile(file, String(round))
      equal(await readFile(file, 'utf8'), String(round))
    }
    for (let mtype = 1; mtype <= 100; mtype++) await send(msqid, mtype)
    const received = (await Promise.all(waits)).map(({ mtype }) => Number(mtype))
    deepEqual(
      received.toSorted((a, b) => a - b),
      Array.from({ length: 100 }, (_, at) => at + 1),
    )
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
  })
})

describe('a waiting msgsnd', () => {
  test('msgsnd waits for room, and its bytes are those of the call', async () => {
    const msqid = await newQueue()
    const { perm } = await namespace.msgctl(msqid, IPC_STAT)
    await namespace.msgctl(msqid, IPC_SET, { perm, qbytes: 4 })
    await send(msqid, 1, 'full')
    const bytes = mtext('next')
    const waiting = namespace.msgsnd(msqid, { mtype: 2n ** 60n + 1n, mtext: bytes }, 0)
    bytes.fill(0)
    await namespace.msgrcv(msqid, 4, 0, 0)
    await waiting
    const { mtype, mtext: received } = await namespace.msgrcv(msqid, 4, 0, 0)
    equal(mtype, 2n ** 60n + 1n)
    deepEqual(received, mtext('next'))
  })

  test('msgsnd that is aborted was not sent', async () => {
    const msqid = await newQueue()
    const { perm } = await namespace.msgctl(msqid, IPC_STAT)
    await namespace.msgctl(msqid, IPC_SET, { perm, qbytes: 4 })
    await send(msqid, 1, 'full')
    const controller = new AbortController()
    const waiting = namespace.msgsnd(msqid, { mtype: 2, mtext: mtext('next') }, 0, { signal: controller.signal })
    await namespace.limits()
    controller.abort(new Error('enough'))
    await rejects(waiting, { message: 'enough' })
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 1)
  })
})

describe('an abort', () => {
  test('abort before the call makes none', async () => {
    const msqid = await newQueue()
    await send(msqid, 1)
    await rejects(namespace.msgrcv(msqid, 1, 0, 0, { signal: AbortSignal.abort(new Error('no')) }), { message: 'no' })
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 1)
  })

  test('abort of a call that is still behind others ends it at once', async () => {
    const msqid = await newQueue()
    const first = namespace.msgrcv(msqid, 1, 1, 0)
    const controller = new AbortController()
    const behind = namespace.msgrcv(msqid, 1, 2, 0, { signal: controller.signal })
    controller.abort(new Error('changed my mind'))
    await rejects(behind, { message: 'changed my mind' })
    await send(msqid, 1)
    await first
  })

  test('abort of one of many equal waits ends that one alone', async () => {
    const msqid = await newQueue()
    const controllers = Array.from({ length: 30 }, () => new AbortController())
    const waits = controllers.map(({ signal }) => namespace.msgrcv(msqid, 1, 0, 0, { signal }))
    // A call behind them is answered when all have their place.
    await namespace.limits()
    const aborted = controllers.flatMap((controller, at) => {
      if (at % 3 !== 0) return []
      controller.abort(new Error(`left ${at}`))
      return [rejects(waits[at] as Promise<unknown>, { message: `left ${at}` })]
    })
    await Promise.all(aborted)
    for (let mtype = 1; mtype <= 20; mtype++) await send(msqid, mtype)
    const received = await Promise.all(waits.filter((_, at) => at % 3 !== 0))
    equal(new Set(received.map(({ mtype }) => mtype)).size, 20)
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
  })

  test('abort never loses a message: each is received once, or still queued', async () => {
    const msqid = await newQueue()
    const seen = new Map<number, number>()
    let sent = 0
    let aborts = 0
    let early = 0
    for (let round = 0; round < 300; round++) {
      const controllers = Array.from({ length: 1 + (round % 12) }, () => new AbortController())
      const waits = controllers.map(({ signal }) => namespace.msgrcv(msqid, 8, 0, 0, { signal }))
      await namespace.limits()
      // Messages and aborts meet in the threads, in every order.
      for (const [at, controller] of controllers.entries()) {
        if ((at + round) % 3 === 0) controller.abort()
        if (at % 2 === 0) namespace.sync.msgsnd(msqid, message(), 0)
        controller.abort()
      }
      for (const outcome of await Promise.allSettled(waits)) {
        if (outcome.status === 'rejected') aborts++
        else {
          early++
          count(Number(outcome.value.mtype))
        }
      }
    }
    while ((await namespace.msgctl(msqid, IPC_STAT)).qnum > 0) {
      count(Number((await namespace.msgrcv(msqid, 8, 0, IPC_NOWAIT)).mtype))
    }
    equal(seen.size, sent)
    ok([...seen.values()].every((times) => times === 1))
    ok(aborts > 0 && early > 0, 'nothing met: nothing was tried')

    function message() {
      return { mtype: ++sent, mtext: new Uint8Array(8) }
    }
    function count(mtype: number) {
      seen.set(mtype, (seen.get(mtype) ?? 0) + 1)
    }
  })
})

describe('close', () => {
  test('close rejects the calls that wait, and those behind them', async () => {
    const closing = openKernelNamespace()
    const msqid = await closing.msgget(0, 0o600)
    const closed = { code: 'ERR_MSGQ_CLOSED' }
    const waits = Array.from({ length: 20 }, () => rejects(closing.msgrcv(msqid, 1, 0, 0), closed))
    await closing.limits()
    const late = rejects(closing.msgrcv(msqid, 1, 7, 0), closed)
    const behind = rejects(closing.msgctl(msqid, IPC_STAT), closed)
    await closing.close()
    await Promise.all([...waits, late, behind])
    await send(msqid, 1)
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 1, 'no thread waits any more')
  })
})

describe('the process', () => {
  test('process.exit ends it while calls wait', () => {
    const output = run(`
      for (let mtype = 1; mtype <= 12; mtype++) namespace.msgrcv(msqid, 1, mtype, 0)
      await namespace.limits()
      process.stdout.write('exits', () => process.exit(0))
    `)
    equal(output, 'exits')
  })

  test('process.exit ends it while threads start', () => {
    const output = run(`
      for (let mtype = 1; mtype <= 12; mtype++) namespace.msgrcv(msqid, 1, mtype, 0)
      process.stdout.write('exits', () => process.exit(0))
    `)
    equal(output, 'exits')
  })

  test('a call that waits keeps the process alive, and one that has ended does not', () => {
    const output = run(`
      namespace.msgrcv(msqid, 1, 0, 0).then(() => process.stdout.write('received'))
      setTimeout(() => namespace.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(0) }, 0), 200).unref()
      // Without a pending call nothing else would hold the process until then.
    `)
    equal(output, 'received')
  })

  test('a worker thread has calls that wait, and can end while they do', () => {
    const output = run(`
      import { Worker } from 'node:worker_threads'
      const script = \`
        import(${JSON.stringify(new URL('./index.js', import.meta.url).href)}).then(async ({ openKernelNamespace }) => {
          const namespace = openKernelNamespace()
          const waiting = namespace.msgrcv(\${msqid}, 9, 4, 0)
          await namespace.msgsnd(\${msqid}, { mtype: 4, mtext: new Uint8Array(2) }, 0)
          const { mtext } = await waiting
          namespace.msgrcv(\${msqid}, 9, 5, 0)
          await namespace.limits()
          process.exit(mtext.length)
        })
      \`
      new Worker(script, { eval: true }).on('exit', (code) => process.stdout.write('ended with ' + code))
    `)
    equal(output, 'ended with 2')
  })

  test('more different waits than KERNEL_WAIT_THREADS_MAX are refused', () => {
    const output = run(`
      const waits = []
      for (let mtype = 1; mtype <= ${KERNEL_WAIT_THREADS_MAX}; mtype++) waits.push(namespace.msgrcv(msqid, 1, mtype, 0))
      const refused = await namespace.msgrcv(msqid, 1, 9999, 0).catch((error) => error.code)
      await namespace.msgsnd(msqid, { mtype: 77, mtext: new Uint8Array(0) }, 0)
      const { mtype } = await waits[76]
      process.stdout.write([refused, mtype].join(), () => process.exit())
    `)
    equal(output, 'ERR_MSGQ_TOO_MANY_WAITS,77')
  })
})
