import { type KernelVariables, LINUX_VARIABLES } from './ipcns-var.ts'
import { present } from './present.ts'
import type { Uint64 } from './protobuf.ts'

/**
 * What `ipcns-var-N.img` holds beside message queues, or Linux's default where a variable cannot be read.
 * Source: criu/ipc_ns.c, ipc_sysctl_req().
 *
 * @param readSysctl The text of a file below /proc/sys; `undefined` when it cannot be read.
 */
export function readVariables(readSysctl: (name: string) => string | undefined): KernelVariables {
  const all = (name: string) => integersOf(readSysctl(name))
  const one = (name: string) => {
    const value = all(name)?.[0]
    return typeof value === 'number' && value >= 0 ? value : undefined
  }
  const semCtls = all('kernel/sem')?.map(Number)
  const read = {
    semCtls: semCtls?.length === LINUX_VARIABLES.semCtls.length ? semCtls : undefined,
    autoMsgmni: one('kernel/auto_msgmni'),
    shmCtlmax: all('kernel/shmmax')?.[0],
    shmCtlall: all('kernel/shmall')?.[0],
    shmCtlmni: one('kernel/shmmni'),
    shmRmidForced: one('kernel/shm_rmid_forced'),
    mqQueuesMax: one('fs/mqueue/queues_max'),
    mqMsgMax: one('fs/mqueue/msg_max'),
    mqMsgsizeMax: one('fs/mqueue/msgsize_max'),
    mqMsgDefault: one('fs/mqueue/msg_default'),
    mqMsgsizeDefault: one('fs/mqueue/msgsize_default'),
    // -1, none pending, is left out.
    semNextId: one('kernel/sem_next_id'),
    shmNextId: one('kernel/shm_next_id'),
  }
  return { ...LINUX_VARIABLES, ...present(read) }
}

function integersOf(text: string | undefined): Uint64[] | undefined {
  const words = text?.trim().split(/\s+/)
  if (words === undefined || !words.every((word) => /^-?[0-9]{1,20}$/.test(word))) return undefined
  return words.map((word) => (Number.isSafeInteger(Number(word)) ? Number(word) : BigInt(word)))
}
