import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { IPC_NOWAIT } from '../../src/abi/index.ts'
import { openNamespace } from '../../src/index.ts'
import type { Setting } from '../comparison.ts'
import { type Contender, expect, expectBytes, pattern } from '../contender.ts'
import type { Pair } from './in-flight.ts'

const MSGQ = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js')

export interface DaemonWork {
  readonly durability: 'fsync' | 'none'
  readonly sizeBytes: number
  readonly time: (pair: Pair, count: number) => Promise<number>
}

/** Sends and receives over the socket of a `msgq serve` of its own. */
export async function daemonPairs(
  { scratch }: Setting,
  { durability, sizeBytes, time }: DaemonWork,
): Promise<Contender> {
  const directory = mkdtempSync(join(scratch, 'daemon-'))
  const socket = join(directory, 'socket')
  const words = ['serve', '--socket', socket, '--state', join(directory, 'state'), '--durability', durability]
  const daemon = await started(spawn(process.execPath, [MSGQ, ...words], { stdio: ['ignore', 'pipe', 'ignore'] }))
  const namespace = await openNamespace(`unix:${socket}`)
  const msqid = await namespace.msgget(0, 0o600)
  const message = { mtype: 1, mtext: pattern(sizeBytes) }
  const pair: Pair = {
    send: () => namespace.msgsnd(msqid, message, 0),
    receive: async () => {
      const { mtext } = await namespace.msgrcv(msqid, sizeBytes, 0, 0)
      expect(mtext.length === sizeBytes, 'the length')
    },
  }
  return {
    check: async () => {
      await pair.send()
      const { mtext } = await namespace.msgrcv(msqid, sizeBytes, 0, IPC_NOWAIT)
      expectBytes(mtext, message.mtext, 'a pair')
    },
    time: (count) => time(pair, count),
    close: async () => {
      await namespace.close()
      const ended = once(daemon, 'exit')
      daemon.kill()
      await ended
    },
  }
}

/** Resolves once it is ready. */
async function started(daemon: ChildProcess): Promise<ChildProcess> {
  if (daemon.stdout === null) throw new Error('assertion: its output is a pipe')
  for await (const line of createInterface({ input: daemon.stdout })) {
    if (!line.includes('"ready"')) continue
    daemon.stdout.resume()
    return daemon
  }
  throw new Error('msgq serve did not start')
}
