/**
 * A node in a process of its own, for those who stop and kill it: URL, options as JSON. Does what a line of its input
 * says and answers each with a line of JSON.
 */
import { createInterface } from 'node:readline'
import { type Node, openJetstreamNamespace } from '../../src/backends/jetstream/index.ts'
import type { HeldMessage } from '../../src/contract/index.ts'

const [, , url = '', options = '{}'] = process.argv
let node: Node | undefined
const namespace = await openJetstreamNamespace(url, { ...JSON.parse(options), onNode: (opened) => (node = opened) })
const held: HeldMessage[] = []
answer({ did: 'open' })

for await (const line of createInterface({ input: process.stdin })) {
  const [what = '', msqid = '0', text = ''] = line.split(' ')
  void work(what, Number(msqid), text).then(
    (result) => answer({ did: what, result }),
    (error: Error & { code?: string }) => answer({ did: what, code: error.code ?? error.message }),
  )
}

async function work(what: string, msqid: number, text: string): Promise<unknown> {
  switch (what) {
    case 'send':
      return namespace.msgsnd(msqid, { mtype: 1, mtext: Buffer.from(text) }, 0)
    case 'receive':
      return Buffer.from((await namespace.msgrcv(msqid, 8192, 0, 0)).mtext).toString()
    case 'hold': {
      const message = await namespace.msgrcv(msqid, 8192, 0, 0, { hold: true })
      held.push(message)
      return Buffer.from(message.mtext).toString()
    }
    case 'accept':
      return held.shift()?.accept()
    case 'position':
      return node?.position
    default:
      throw new Error(`${what} is nothing that is done here`)
  }
}

function answer(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
