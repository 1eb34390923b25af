import { IPC_NOWAIT, MSG_NOERROR } from '../abi/index.ts'
import { type IpcNamespace, type ReceivedMessage, SyscallError } from '../contract/index.ts'

/** The message after a sequence number, without its bytes; `undefined` when there is none. */
export async function bareAfter(
  namespace: IpcNamespace,
  msqid: number,
  sequence: number,
): Promise<ReceivedMessage | undefined> {
  try {
    return await namespace.copyAfter(msqid, sequence, 0, 0, IPC_NOWAIT | MSG_NOERROR)
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'ENOMSG') return undefined
    throw error
  }
}

/**
 * The number of the newest message that was ever seen on a queue: how many were sent to it. It gallops and then halves,
 * so that a million new messages cost some forty calls, and none costs one.
 *
 * @param known The number that was found last; 0 at first.
 */
export async function newestSequence(namespace: IpcNamespace, msqid: number, known: number): Promise<number> {
  let low = known
  for (let step = 1; ; step *= 2) {
    const found = await bareAfter(namespace, msqid, low === known ? low : low + step)
    if (found?.sequence === undefined) return low === known ? low : between(low, low + step)
    low = found.sequence
  }

  /** None is after `high`, and one is at `low`. */
  async function between(from: number, to: number): Promise<number> {
    let [least, most] = [from, to]
    while (least < most) {
      const middle = Math.floor((least + most) / 2)
      const found = await bareAfter(namespace, msqid, middle)
      if (found?.sequence === undefined) most = middle
      else least = found.sequence
    }
    return least
  }
}
