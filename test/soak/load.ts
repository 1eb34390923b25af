import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { IPC_CREAT, IPC_NOWAIT, IPC_RMID, MSG_INFO, MSG_STAT } from '../../src/abi/index.ts'
import { type IpcNamespace, SyscallError } from '../../src/contract/index.ts'
import { type Random, seedOf } from '../oracle/random.ts'

/** The queues that all clients use; what is on them is bounded by msgmnb. */
export const SOAKED_KEYS: readonly number[] = [0x5001, 0x5002, 0x5003, 0x5004, 0x5005, 0x5006]
export const TEXT_BYTES_MAX = 1500

const CLIENTS = 4
const LIFE_MS_MAX = 15_000

/** Clients that come and go, some of them killed. */
export class Load {
  readonly #socket: string
  readonly #random: Random
  readonly #seed: number
  #clients: Promise<void>[] = []
  #isOn = false
  started = 0
  calls = 0

  constructor(socket: string, random: Random, seed: number) {
    this.#socket = socket
    this.#random = random
    this.#seed = seed
  }

  begin(): void {
    this.#isOn = true
    this.#clients = Array.from({ length: CLIENTS }, () => this.#oneAfterTheOther())
  }

  /** Resolves when every client has ended. */
  async end(): Promise<void> {
    this.#isOn = false
    await Promise.all(this.#clients)
  }

  async #oneAfterTheOther(): Promise<void> {
    while (this.#isOn) {
      const client = fork(join(import.meta.dirname, 'client-main.js'), [
        this.#socket,
        String(seedOf(this.#seed, this.started++)),
      ])
      const ended = once(client, 'exit')
      client.on('message', (told) => {
        if (typeof told === 'object' && told !== null && 'calls' in told) this.calls += Number(told.calls)
      })
      await Promise.race([this.#whenOver(this.#random.between(500, LIFE_MS_MAX)), ended])
      this.#endOne(client)
      await ended
    }
  }

  /** Half of them say goodbye. */
  #endOne(client: ChildProcess): void {
    if (this.#random.chance(50) && client.connected) client.send('stop')
    else client.kill('SIGKILL')
  }

  async #whenOver(ms: number): Promise<void> {
    const step = 100
    for (let waited = 0; waited < ms && this.#isOn; waited += step) await delay(step)
  }
}

/** Removes what clients left behind, and takes all messages: what the daemon takes then is its own. */
export async function empty(namespace: IpcNamespace): Promise<void> {
  const { maxIndex } = await namespace.msgctl(0, MSG_INFO)
  for (let index = 0; index <= maxIndex; index++) {
    const found = await namespace.msgctl(index, MSG_STAT).catch(absent)
    if (found !== undefined && !SOAKED_KEYS.includes(found.stat.perm.key)) {
      await namespace.msgctl(found.msqid, IPC_RMID)
    }
  }
  for (const key of SOAKED_KEYS) {
    const msqid = await namespace.msgget(key, IPC_CREAT | 0o600)
    while ((await namespace.msgrcv(msqid, TEXT_BYTES_MAX, 0, IPC_NOWAIT).catch(absent)) !== undefined);
  }
}

function absent(error: unknown): undefined {
  if (!(error instanceof SyscallError)) throw error
}
