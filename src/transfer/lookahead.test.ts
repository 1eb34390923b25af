import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IPC_NOWAIT, IPC_RMID, LONG_MIN, MSG_EXCEPT } from '../abi/index.ts'
import { openEmbeddedNamespace } from '../backends/embedded/index.ts'
import { Lookahead } from './lookahead.ts'
import { selectorOf } from './selector.ts'
import { unless } from './standing.ts'

const namespace = openEmbeddedNamespace()
/** Types as they stand on a queue; payloads tell their number. */
const TYPES = [5, 3, 9, 3, 1, 7, 1, 5, 2, 9]

async function queue(): Promise<number> {
  const msqid = await namespace.msgget(0, 0o600)
  for (const [number, mtype] of TYPES.entries()) {
    await namespace.msgsnd(msqid, { mtype, mtext: Uint8Array.of(number) }, 0)
  }
  return msqid
}

describe('Lookahead', () => {
  for (const [msgtyp, msgflg] of [
    [0, 0],
    [3, 0],
    [3, MSG_EXCEPT],
    [-3, 0],
    [-9, 0],
    [LONG_MIN, 0],
    [-3, MSG_EXCEPT],
    [8, 0],
  ] as const) {
    test(`Lookahead.next is what msgrcv takes, with msgtyp ${msgtyp} and msgflg ${msgflg}`, async () => {
      const msqid = await queue()
      const lookahead = new Lookahead({ namespace, msqid }, selectorOf(msgtyp, msgflg))
      for (let taken = 0; ; taken++) {
        const next = await lookahead.next()
        const message = await unless('ENOMSG', namespace.msgrcv(msqid, 9, msgtyp, msgflg | IPC_NOWAIT))
        deepEqual([next?.mtype, next?.mtext], [message?.mtype, message?.mtext])
        if (message === undefined) break
        lookahead.taken(message)
        // New messages come meanwhile, of a type that may go first.
        if (taken < 3) await namespace.msgsnd(msqid, { mtype: 2, mtext: Uint8Array.of(100 + taken) }, 0)
        // Others receive meanwhile, and the next look is right again.
        if (taken !== 4) continue
        await unless('ENOMSG', namespace.msgrcv(msqid, 9, 0, IPC_NOWAIT))
        lookahead.reset()
      }
    })
  }

  test('Lookahead.next fails as a copy does, and where the queue is gone', async () => {
    const msqid = await queue()
    const lookahead = new Lookahead({ namespace, msqid }, selectorOf())
    equal((await lookahead.next())?.mtype, 5)
    await namespace.setLimits({ msgmax: 0 })
    await rejects(lookahead.next(), { code: 'EINVAL', message: /longer than msgmax.*raise msgmax first/ })
    await namespace.setLimits({ msgmax: 8_192 })
    await namespace.msgctl(msqid, IPC_RMID)
    await rejects(lookahead.next(), { code: 'EINVAL', message: /no queue has this id/ })
  })
})
