import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { INT_MAX, IPC_NOWAIT, IPC_RMID, MSG_COPY, type Msgbuf } from '../../src/abi/index.ts'
import { openKernelNamespace } from '../../src/backends/kernel/index.ts'
import { BackendError, SyscallError } from '../../src/contract/index.ts'
import { Freezer } from '../../src/freezer/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../src/linux/index.ts'
import { endChildren, perl, stoppedOf } from './children.ts'
import { Judge, lostOrDoubled, type Picture } from './history.ts'
import { pictureMessage, seconds, Workload } from './workload.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const namespace = openKernelNamespace()
after(() => namespace.close())

const TRIES = 200
/** Between two tries at most, so that they fall anywhere into what the four do. */
const APART_MS_MAX = 4
const FLAT_OUT = 0
/** On a machine with one processor, or a busy one, few pictures are torn. */
const ROUNDS_MAX = 20

type Take = (msqid: number) => Promise<readonly Msgbuf[]>

/** What a number of tries came to. */
interface Outcome {
  readonly pictures: readonly Picture[]
  /** For each picture why it is none that the queue ever had; `undefined` when it is one. */
  readonly faults: readonly (string | undefined)[]
  readonly refusals: readonly unknown[]
}

/** Tries to take pictures of a queue that four processes use, and judges them by what the four wrote down. */
async function tries(pauseMs: number, take: Take): Promise<Outcome> {
  const msqid = await namespace.msgget(0, 0o600)
  const workload = await Workload.start(namespace, msqid, pauseMs)
  try {
    const pictures: Picture[] = []
    const refusals: unknown[] = []
    for (let number = 0; number < TRIES; number++) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * APART_MS_MAX))
      const before = seconds()
      try {
        const messages = await take(msqid)
        pictures.push({ messages: messages.map(pictureMessage), before, after: seconds() })
      } catch (refusal) {
        refusals.push(refusal)
      }
    }
    deepEqual(stoppedOf(workload.pids), [])
    const history = await workload.end()
    deepEqual(lostOrDoubled(history), [])
    const judge = new Judge(history)
    return { pictures, refusals, faults: pictures.map((picture) => judge.fault(picture)) }
  } finally {
    workload.kill()
    await namespace.msgctl(msqid, IPC_RMID)
  }
}

async function unfrozen(): Promise<readonly Msgbuf[]> {
  return [...((await namespace.checkpoint()).queues[0]?.messages ?? [])]
}

async function frozen(freezer: Freezer): Promise<readonly Msgbuf[]> {
  const { result, processes } = await freezer.whileFrozen('namespace', () => namespace.checkpoint())
  equal(processes.length, 4)
  return [...(result.queues[0]?.messages ?? [])]
}

/** What MSG_COPY alone gives: index by index, once. */
async function onePass(msqid: number): Promise<readonly Msgbuf[]> {
  const messages: Msgbuf[] = []
  try {
    for (;;) messages.push(namespace.sync.msgrcv(msqid, INT_MAX, messages.length, MSG_COPY | IPC_NOWAIT))
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'ENOMSG') return messages
    throw error
  }
}

describe('checkpoint of a queue that four processes use', () => {
  afterEach(endChildren)

  test('MSG_COPY alone, flat out, gives pictures that the queue never had: the judge sees them', async (t) => {
    const torn: string[] = []
    for (let round = 0; round < ROUNDS_MAX && torn.length === 0; round++) {
      const { faults } = await tries(FLAT_OUT, onePass)
      torn.push(...faults.filter((fault) => fault !== undefined))
    }
    t.diagnostic(`${torn.length} of ${TRIES} are torn: ${torn[0]}`)
    notEqual(torn.length, 0)
  })

  test('checkpoint with 10 ms between their calls succeeds each time, and the queue had every picture', async () => {
    const { pictures, faults, refusals } = await tries(10, unfrozen)
    deepEqual(refusals, [])
    deepEqual(
      faults.filter((fault) => fault !== undefined),
      [],
    )
    ok(pictures.every(({ messages }) => messages.length > 10))
  })

  test('checkpoint flat out succeeds 20 times of 200 or refuses clearly, and the queue had every picture', async (t) => {
    const { pictures, faults, refusals } = await tries(FLAT_OUT, unfrozen)
    t.diagnostic(`${pictures.length} of ${TRIES} succeed`)
    ok(pictures.length >= 20)
    deepEqual(
      faults.filter((fault) => fault !== undefined),
      [],
    )
    for (const refusal of refusals) {
      ok(refusal instanceof BackendError, String(refusal))
      equal(refusal.code, 'ERR_MSGQ_TORN')
      match(refusal.message, /queue \d+ changed during each of \d+ tries: stop the programs that use it/)
    }
  })

  test('whileFrozen of the namespace, flat out, succeeds each time, and the queue had every picture', async () => {
    await using freezer = await Freezer.open(namespace)
    const { faults, refusals } = await tries(FLAT_OUT, () => frozen(freezer))
    deepEqual(refusals, [])
    deepEqual(
      faults.filter((fault) => fault !== undefined),
      [],
    )
  })

  test('checkpoint shows several queues as they were at one moment', async () => {
    // In the order of their ids: a long one between two that change all the time.
    const [one, long, other] = [
      await namespace.msgget(0, 0o600),
      await namespace.msgget(0, 0o600),
      await namespace.msgget(0, 0o600),
    ]
    for (let mtype = 1; mtype <= 1_000; mtype++) namespace.sync.msgsnd(long, { mtype, mtext: Buffer.alloc(1) }, 0)
    // Each number is sent to the one, then to the other, and only then the one before is taken, in the same order.
    await perl(
      `my ($n, $m) = (0, '');
      my $to = sub { msgsnd($_[0], pack("q", $n + 1), 0) or die $! };
      my $from = sub { msgrcv($_[0], $m, 0, $n, 0) or die $! };
      $to->($_) for @ARGV;
      print "ready";
      while (++$n) { $to->($_) for @ARGV; $from->($_) for @ARGV; select(undef, undef, undef, 0.005) }`,
      one,
      other,
    )
    let pictures = 0
    for (let number = 0; number < 50; number++) {
      const { queues } = await namespace.checkpoint().catch(unlessTorn)
      if (queues.length === 0) continue
      pictures++
      const typesOf = (msqid: number) =>
        Array.from(queues.find((queue) => queue.msqid === msqid)?.messages ?? [], ({ mtype }) => Number(mtype))
      const last = Math.min(...typesOf(one), ...typesOf(other))
      const shown = [...typesOf(one), '|', ...typesOf(other)].map((type) =>
        typeof type === 'number' ? type - last : type,
      )
      match(shown.join(' '), /^(0 \| 0|0 1 \| 0|0 1 \| 0 1|1 \| 0 1)$/)
    }
    notEqual(pictures, 0)
    await endChildren()
    for (const msqid of [one, long, other]) await namespace.msgctl(msqid, IPC_RMID)
  })
})

/** No picture. */
function unlessTorn(error: unknown) {
  if (error instanceof BackendError && error.code === 'ERR_MSGQ_TORN') return { queues: [] }
  throw error
}
