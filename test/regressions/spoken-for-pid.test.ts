import { equal, match } from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { INT_MAX, IPC_NOWAIT, IPC_STAT } from '../../src/abi/index.ts'
import { type ClientFrame, FrameWriter } from '../../src/wire/index.ts'
import { RawClient } from '../daemon/raw-client.ts'
import { ServedNamespace } from '../daemon/served.ts'

/** 2^31-1 and 2^32-1 as the wire has them. */
const [MOST, TOO_MUCH] = ['ffffffff07', 'ffffffff0f']

// Found by a fuzzed socket: the message's sender was packed as one that is not told, and the daemon never started again.
test('a client of root cannot speak for a process whose number is none, and the daemon starts again', async () => {
  await using served = await ServedNamespace.start()
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0x5101, 0o1666)
  const { client } = await RawClient.greeted(served.path)
  const closed = once(client.socket, 'close')
  client.socket.end(
    patched({
      kind: 'call',
      number: 1,
      as: { uid: 0, pid: INT_MAX },
      call: { name: 'msgsnd', msqid, mtype: 1, mtext: Uint8Array.of(1), msgflg: IPC_NOWAIT },
    }),
  )
  await closed
  equal(client.last?.kind, 'error')
  match(JSON.stringify(client.last), /the number of a process, 0 to 2\^31-1/)
  await served.kill()
  await served.start()
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
})

/** The frame with the largest number of a process made too large. */
function patched(frame: ClientFrame): Buffer {
  const writer = new FrameWriter()
  writer.write(frame)
  const bytes = Buffer.from(writer.take())
  const found = bytes.toString('hex').indexOf(MOST)
  equal(found % 2, 0)
  bytes.write(TOO_MUCH, found / 2, 'hex')
  return bytes
}
