import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { afterEach, describe, mock, test } from 'node:test'
import fc from 'fast-check'
import { aimed, entriesWithRestores, opening, options, root } from '../../../test/engine/random-entries.ts'
import { Random } from '../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../test/simulator/disk.ts'
import { IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT } from '../../abi/index.ts'
import { brokenInvariants, type Call, type Completion, type Engine, saveState } from '../../engine/index.ts'
import { encodeState } from '../../wire/index.ts'
import { LOOK_AGAIN_MS } from './journal/supply.ts'
import { JournalledEngine, type JournalledOptions } from './journalled-engine.ts'

const SEGMENT_BYTES = 65_536
/** Small, so that images are written and used. */
const SMALL = { segmentBytes: SEGMENT_BYTES, reserveBytes: 8_192, imageEveryBytes: 700 }

function stateBytes(engine: Engine): Buffer {
  return Buffer.concat([...encodeState(saveState(engine))])
}

/** A journalled engine, what it has told, and its calls by root. */
async function opened(disk: SimulatedDisk, options: Partial<JournalledOptions> = {}) {
  const told: Completion[] = []
  const onCompletions = (completions: readonly Completion[]) => told.push(...completions)
  const journalled = await JournalledEngine.open(disk.process(), { ...SMALL, onCompletions, ...options })
  let number = 0
  const call = (call: Call) =>
    journalled.apply({ ticket: { session: 0, number: ++number }, now: 1_000 + number, caller: root, call })
  return { journalled, told, call }
}

const get: Call = { name: 'msgget', key: 0, msgflg: 0o600 }
const stat: Call = { name: 'msgctl', msqid: 0, cmd: IPC_STAT }
const receive: Call = { name: 'msgrcv', msqid: 0, msgsz: 8_192, msgtyp: 0, msgflg: IPC_NOWAIT }
const send: Call = { name: 'msgsnd', msqid: 0, mtype: 1, mtext: new Uint8Array(500), msgflg: IPC_NOWAIT }

describe('JournalledEngine', () => {
  afterEach(() => mock.timers.reset())

  test('open brings back the very state, whatever was done: after a close, a kill, and a power cut', async () => {
    await fc.assert(
      fc.asyncProperty(options, entriesWithRestores, fc.integer(), async (namespace, log, seed) => {
        const disk = new SimulatedDisk(new Random(seed))
        const journalOptions = { namespace, imageEveryBytes: 1 + (Math.abs(seed) % 5_000) }
        let { journalled } = await opened(disk, journalOptions)
        for (const [index, entry] of [...opening, ...log].entries()) {
          ok(journalled.apply(aimed(entry, journalled.engine)))
          if (index % 20 !== 19) continue
          const live = stateBytes(journalled.engine)
          const end = index % 3
          if (end === 0) await journalled.close()
          else await journalled.flush()
          if (end === 1) disk.kill()
          if (end === 2)
            disk.cutPower()
            // What the disk has is the truth; another namespace's options do not change it.
          ;({ journalled } = await opened(disk, { imageEveryBytes: journalOptions.imageEveryBytes }))
          deepEqual(brokenInvariants(journalled.engine.namespace), [])
          deepEqual(stateBytes(journalled.engine), live)
        }
        await journalled.close()
      }),
      { numRuns: 60 },
    )
  })

  test('apply tells of a change when it is durable, and of what was read only after the changes before it', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const { journalled, told, call } = await opened(disk)
    call(get)
    call(stat)
    equal(told.length, 0)
    await journalled.flush()
    deepEqual(
      told.map(({ ticket }) => ticket.number),
      [1, 2],
    )
    call(stat)
    equal(told.length, 3, 'nothing has to become durable first')
    await journalled.close()
  })

  test('apply of one session after the other is told with the turn, and of one alone before its end', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const { journalled, told } = await opened(disk, { durability: 'none' })
    let number = 0
    const call = (session: number, call: Call = get) =>
      journalled.apply({ ticket: { session, number: ++number }, now: 1_000, caller: root, call })
    for (const session of [1, 2]) call(session, { name: 'openSession' })
    await journalled.flush()
    const toldOf = async (...sessions: readonly number[]) => {
      const before = told.length
      for (const session of sessions) call(session)
      await Promise.resolve()
      const inTime = told.length - before
      await journalled.flush()
      return [inTime, told.length - before]
    }
    deepEqual(await toldOf(2, 2), [2, 2])
    deepEqual(await toldOf(1, 1), [0, 2], 'the one before was another')
    deepEqual(await toldOf(1), [1, 1])
    deepEqual(await toldOf(2, 1), [0, 2])
    await journalled.close()
  })

  test('apply tells only what is durable, where more was applied meanwhile', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const beyond: number[] = []
    let told = 0
    const { journalled, call } = await opened(disk, {
      onCompletions: () => {
        told++
        // The record before the first call is the state that the namespace began with.
        if (told > journalled.records.durable - 1) beyond.push(told)
      },
    })
    for (let turn = 0; turn < 20; turn++) {
      call(get)
      await Promise.resolve()
    }
    await journalled.flush()
    deepEqual([told, beyond], [20, []])
    await journalled.close()
  })

  test('apply tells nothing after a disk has failed', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const { journalled, told, call } = await opened(disk)
    disk.faults = { shortWrites: 0, failedFlushes: 1_000 }
    call(get)
    const error = await journalled.failed
    call(stat)
    deepEqual([error.code, told], ['ERR_MSGQ_JOURNAL_FAILED', []])
    await rejects(journalled.close(), error)
  })

  test('apply refuses sends on a full disk, and takes receives and removals; with room it goes on', async () => {
    const disk = new SimulatedDisk(new Random(1))
    disk.capacity = 2 * SEGMENT_BYTES
    mock.timers.enable({ apis: ['setTimeout'] })
    const { journalled, told, call } = await opened(disk, { imageEveryBytes: Number.POSITIVE_INFINITY })
    call(get)
    call({
      name: 'msgctl',
      msqid: 0,
      cmd: IPC_SET,
      settings: { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 2 ** 20 },
    })
    let sent = 0
    for (; call(send); sent++) await journalled.flush()
    ok(sent > 100, `${sent} sent`)
    const full = stateBytes(journalled.engine)
    equal(call(send), false)
    deepEqual(stateBytes(journalled.engine), full)
    ok(call(stat) && call(receive))
    await journalled.flush()
    const last = told.at(-1)
    ok(last !== undefined && 'value' in last)
    disk.capacity += 4 * SEGMENT_BYTES
    mock.timers.tick(LOOK_AGAIN_MS)
    while (!call(send)) await new Promise(setImmediate)
    ok(call({ name: 'msgctl', msqid: 0, cmd: IPC_RMID }))
    await journalled.close()
  })

  test('apply leaves room for the accept of every message that is held, however full the disk', async () => {
    // So that the end of the room comes at every place: at a receive, at an accept, between them.
    for (let reserveBytes = 600; reserveBytes < 900; reserveBytes += 8) {
      const disk = new SimulatedDisk(new Random(1))
      disk.capacity = SEGMENT_BYTES / 4
      const small = { segmentBytes: SEGMENT_BYTES / 4, reserveBytes }
      const { journalled, call } = await opened(disk, { ...small, imageEveryBytes: Number.POSITIVE_INFINITY })
      call(get)
      const settings = { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 2 ** 20 }
      call({ name: 'msgctl', msqid: 0, cmd: IPC_SET, settings })
      while (call({ ...send, mtext: new Uint8Array(100) })) await journalled.flush()
      const { held } = journalled.engine.namespace
      for (let round = 0; call({ ...receive, hold: true }); round++) {
        await journalled.flush()
        // Now each is accepted before the next, now several are held.
        if (round % 3 === 0) continue
        for (const { receive } of [...held.values()]) ok(call({ name: 'accept', receive }), `reserve ${reserveBytes}`)
        await journalled.flush()
      }
      for (const { receive } of [...held.values()]) {
        ok(call({ name: 'accept', receive }), `reserve ${reserveBytes}, the last`)
        await journalled.flush()
      }
      await journalled.close({ image: false })
    }
  })

  test('open says how far it has read, from an image on to the last segment, and ends where that throws', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const { journalled, call } = await opened(disk, { imageEveryBytes: Number.POSITIVE_INFINITY })
    call(get)
    await journalled.close()
    const again = await opened(disk, { imageEveryBytes: Number.POSITIVE_INFINITY })
    for (let count = 0; count < 300; count++) {
      again.call(send)
      again.call(receive)
      await again.journalled.flush()
    }
    const live = stateBytes(again.journalled.engine)
    await again.journalled.close({ image: false })
    const read: number[] = []
    const totals = new Set<number>()
    const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes: number }) => {
      read.push(bytes)
      totals.add(totalBytes)
    }
    const whole = await opened(disk, { onProgress })
    deepEqual(stateBytes(whole.journalled.engine), live)
    await whole.journalled.close({ image: false })
    deepEqual(
      read,
      read.toSorted((one, other) => one - other),
    )
    equal(totals.size, 1)
    const [total = 0] = totals
    const first = read[0] ?? total
    const last = read.at(-1) ?? 0
    ok(first < total / 10 && last > 0.9 * total && last <= total, `${read} of ${total}`)
    const stop = new Error('enough')
    const stopped = opened(disk, {
      onProgress: () => {
        throw stop
      },
    })
    await rejects(stopped, stop)
    equal(disk.isLocked, false)
  })

  test('an image is of the moment when it was begun, while entries are applied', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const newest = () =>
      [...disk.names]
        .filter((name) => /^image-\d+$/.test(name))
        .sort()
        .at(-1)
    await (await opened(disk)).journalled.close()
    for (let round = 0; round < 10; round++) {
      const { journalled, call } = await opened(disk, { imageEveryBytes: 1 })
      const before = newest()
      // The first of them begins an image.
      for (const each of [get, send, send, receive]) call(each)
      const live = stateBytes(journalled.engine)
      while (newest() === before) await new Promise(setImmediate)
      disk.cutPower()
      const again = await opened(disk, { imageEveryBytes: Number.POSITIVE_INFINITY })
      deepEqual(stateBytes(again.journalled.engine), live)
      await again.journalled.close()
    }
  })

  test('a namespace keeps the options that it was begun with', async () => {
    const disk = new SimulatedDisk(new Random(1))
    await (await opened(disk, { namespace: { msgCopy: 'counter' } })).journalled.flush()
    disk.kill()
    const { journalled } = await opened(disk, { namespace: { msgCopy: 'index' } })
    equal(journalled.engine.namespace.msgCopy, 'counter')
    await journalled.close()
  })

  test('close writes an image, so that the next start replays nothing', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const { journalled, call } = await opened(disk, { imageEveryBytes: Number.POSITIVE_INFINITY })
    call(get)
    call(send)
    await journalled.close()
    ok(disk.names.includes('image-0000000000000003'))
  })
})
