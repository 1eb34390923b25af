import { readFileSync } from 'node:fs'
import { ALL_CAPABILITIES, CAPABILITY_BIT, type Capability } from '../../src/abi/index.ts'
import { linuxCalls } from '../../src/linux/index.ts'
import { capset, setegid, seteuid, setgroups } from './raw.ts'

/** Who makes a call, wished for: the capabilities are given as far as this machine has them. */
export interface Identity {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly capabilities: readonly Capability[]
}

/** Whom the engine is told about: what the kernel says of the calling thread. */
export interface Caller extends Identity {
  readonly pid: number
  readonly tid: number
}

export const ROOT: Identity = { uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }

/** Users of every class: owner, creator, group by gid or by list, other, and each capability by itself. */
export const IDENTITIES: readonly Identity[] = [
  ROOT,
  { uid: 0, gid: 0, groups: [], capabilities: [] },
  { uid: 1000, gid: 1000, groups: [], capabilities: [] },
  { uid: 1001, gid: 1001, groups: [1000, 1003], capabilities: [] },
  { uid: 1002, gid: 1000, groups: [1002], capabilities: [] },
  { uid: 1003, gid: 0, groups: [], capabilities: [] },
  { uid: 1000, gid: 1001, groups: [], capabilities: ['CAP_IPC_OWNER'] },
  { uid: 1002, gid: 1002, groups: [], capabilities: ['CAP_SYS_ADMIN'] },
  { uid: 1003, gid: 1003, groups: [], capabilities: ['CAP_CHECKPOINT_RESTORE'] },
  { uid: 1001, gid: 1001, groups: [], capabilities: ['CAP_SYS_RESOURCE'] },
]

/** Changes who the calling thread is. A thread begins, and must end, as root. */
export class Credentials {
  readonly #permitted = statusMask('CapPrm')
  readonly #effective = statusMask('CapEff')
  readonly #callers = new Map<Identity, Caller>()
  #current: Identity | undefined

  /** Becomes `identity` and returns it as the kernel sees it. */
  become(identity: Identity): Caller {
    if (this.#current !== identity) {
      this.#leave()
      setgroups(identity.groups)
      setegid(identity.gid)
      // Leaving user 0 clears the effective capabilities; the permitted ones stay while the real user is 0.
      seteuid(identity.uid)
      capset(this.#wishedMask(identity), this.#permitted)
      this.#current = identity
    }
    const known = this.#callers.get(identity)
    if (known !== undefined) return known
    const caller = observe(identity)
    this.#callers.set(identity, caller)
    return caller
  }

  #leave(): void {
    if (this.#current === undefined) return
    capset(this.#effective, this.#permitted)
    seteuid(0)
    this.#current = undefined
  }

  #wishedMask({ capabilities }: Identity): bigint {
    // Root keeps what message queues do not ask for: it still has to enter namespaces.
    return capabilities === ALL_CAPABILITIES ? this.#effective : this.#effective & maskOf(capabilities)
  }
}

/** What the kernel says of this thread, not what was asked for. Source: proc(5), /proc/pid/status. */
function observe({ uid, gid, groups }: Identity): Caller {
  const mask = statusMask('CapEff')
  const capabilities = ALL_CAPABILITIES.filter((name) => mask & (1n << BigInt(CAPABILITY_BIT[name])))
  return { pid: process.pid, tid: linuxCalls().gettid(), uid, gid, groups, capabilities }
}

function statusMask(field: 'CapEff' | 'CapPrm'): bigint {
  const line = new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(readFileSync('/proc/thread-self/status', 'utf8'))
  if (line === null) throw new Error(`/proc/thread-self/status has no ${field}`)
  return BigInt(`0x${line[1]}`)
}

function maskOf(capabilities: readonly Capability[]): bigint {
  return capabilities.reduce((mask, name) => mask | (1n << BigInt(CAPABILITY_BIT[name])), 0n)
}
