/** Looks at every queue of the running Linux kernel and prints its oldest message; takes none. */
import {
  BackendError,
  bytes,
  type IpcNamespace,
  MessageQueue,
  MSG_INFO,
  MSG_STAT_ANY,
  openNamespace,
  SyscallError,
} from 'msgq'

try {
  await using namespace = await openNamespace('linux:')
  const { maxIndex, info } = await namespace.msgctl(0, MSG_INFO)
  console.log(`${info.pool} queues, ${info.map} messages, ${info.tql} bytes`)
  for (let index = 0; index <= maxIndex; index++) await show(namespace, index)
} catch (error) {
  // No Linux, no koffi, or a sandbox that forbids the calls: the message says which.
  if (!(error instanceof BackendError)) throw error
  console.log(error.message)
}

async function show(namespace: IpcNamespace, index: number): Promise<void> {
  try {
    const { msqid, stat } = await namespace.msgctl(index, MSG_STAT_ANY)
    const queue = await MessageQueue.at(namespace, msqid, bytes)
    const oldest = await queue.copy(0)
    const words = oldest === undefined ? 'empty' : `oldest is of type ${oldest.type}, ${oldest.payload.length} bytes`
    console.log(`queue ${msqid}: ${stat.qnum} messages, ${words}`)
  } catch (error) {
    // EINVAL: no queue at this index. EACCES: not ours to read.
    if (!(error instanceof SyscallError) || (error.code !== 'EINVAL' && error.code !== 'EACCES')) throw error
  }
}
