import { rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IPC_PRIVATE, IPC_RMID, IPC_SET } from '../abi/index.ts'
import { openEmbeddedNamespace } from '../backends/embedded/index.ts'

const OWNER = { uid: 1000, gid: 1000, mode: 0o600 }
const MSGMNB = 16_384

describe('syscallError', () => {
  for (const [who, uid, capabilities, cmd, qbytes, hint] of [
    ['a stranger’s IPC_SET', 1001, [], IPC_SET, MSGMNB, /: it is for the queue's owner or creator, or CAP_SYS_ADMIN$/],
    ['a stranger’s IPC_SET of large qbytes', 1001, [], IPC_SET, MSGMNB + 1, /: it is for the queue's owner[^;]+$/],
    ['a stranger’s IPC_RMID', 1001, ['CAP_SYS_RESOURCE'], IPC_RMID, 0, /: it is for the queue's owner or creator/],
    [
      'the owner’s IPC_SET',
      1000,
      [],
      IPC_SET,
      MSGMNB + 1,
      /: msgmnb is 16384: qbytes of 16385 needs CAP_SYS_RESOURCE$/,
    ],
    ['the administrator’s IPC_SET', 1001, ['CAP_SYS_ADMIN'], IPC_SET, MSGMNB + 1, /: msgmnb is 16384: [^;]+$/],
  ] as const) {
    test(`syscallError tells why ${who} is EPERM, and no other cause`, async () => {
      await using namespace = openEmbeddedNamespace({ caller: { uid: 1000, gid: 1000, capabilities: [] } })
      const msqid = await namespace.msgget(IPC_PRIVATE, 0o600)
      const other = namespace.as({ uid, gid: uid, capabilities })
      const settings = cmd === IPC_SET ? { perm: OWNER, qbytes } : undefined
      await rejects(other.msgctl(msqid, cmd, settings), { code: 'EPERM', msqid, message: hint })
    })
  }
})
