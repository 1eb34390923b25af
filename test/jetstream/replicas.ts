import { strict as assert } from 'node:assert'
import { setTimeout } from 'node:timers/promises'
import { IPC_CREAT } from '../../src/abi/index.ts'
import { type Node, openJetstreamNamespace } from '../../src/backends/jetstream/index.ts'
import type { NodeOptions } from '../../src/backends/jetstream/node-options.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'

/** One replica of a namespace, in this process. */
export interface Opened extends AsyncDisposable {
  readonly namespace: IpcNamespace
  readonly node: Node
}

export async function openReplica(url: string, options: NodeOptions = {}): Promise<Opened> {
  const nodes: Node[] = []
  const namespace = await openJetstreamNamespace(url, { ...options, onNode: (node) => nodes.push(node) })
  const [node] = nodes
  if (node === undefined) throw new Error('assertion: a namespace that is open has a node')
  return { namespace, node, [Symbol.asyncDispose]: () => namespace.close() }
}

/** Changes one replica's state past the log, as a fault of memory or of a program would. */
export function spoil({ node }: Opened): void {
  const { sequence } = node.status
  const call = { name: 'msgget', key: 4711, msgflg: IPC_CREAT | 0o600 } as const
  node.engine.apply({
    ticket: { session: 0, number: sequence },
    now: 0,
    caller: { pid: 0, tid: 0, uid: 0, gid: 0, groups: [], capabilities: [] },
    call,
  })
}

/** Waits for a state. */
export async function until(is: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let looks = 0; !(await is()); looks++) {
    if (looks > 3_000) throw new Error(`not within 60 s: ${what}`)
    await setTimeout(20)
  }
}

export async function send(namespace: IpcNamespace, msqid: number, ...texts: readonly string[]): Promise<void> {
  await Promise.all(texts.map((text) => namespace.msgsnd(msqid, { mtype: 1, mtext: Buffer.from(text) }, 0)))
}

export async function receive(namespace: IpcNamespace, msqid: number): Promise<string> {
  return Buffer.from((await namespace.msgrcv(msqid, 8192, 0, 0)).mtext).toString()
}

/** Texts that are told apart: `name-0`, `name-1` and so on. */
export function texts(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index}`)
}

/** Every replica has applied all that was in the log when this was asked, and they are the same. */
export async function assertAgreed(nodes: readonly Node[]): Promise<void> {
  await nodes[0]?.catchUp()
  for (;;) {
    const sequences = nodes.map(({ status }) => status.sequence)
    if (sequences.every((sequence) => sequence === sequences[0])) break
    await setTimeout(1)
  }
  const hashes = nodes.map(({ position }) => position.hash)
  for (const hash of hashes) assert.equal(hash, hashes[0], 'replicas that applied the same log differ')
}
