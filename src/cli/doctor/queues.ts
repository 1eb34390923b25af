import { MSG_INFO, MSGMAX, MSGMNB, MSGMNI } from '../../abi/index.ts'
import { BackendError, type IpcNamespace } from '../../contract/index.ts'
import { openNamespace } from '../../open/index.ts'
import { count } from '../words.ts'
import { writeRefusal } from './access.ts'
import { type Finding, limited, missing, ok } from './finding.ts'

/** So many percent of msgmni in use are a reason to look: a program may be leaving its queues behind. */
const MANY_QUEUES_PERCENT = 90

/** The kernel's queues: whether there are any to be had, copies, limits, ids. Makes none. */
export async function queueFindings(): Promise<Finding[]> {
  let namespace: IpcNamespace
  try {
    namespace = await openNamespace('linux:')
  } catch (error) {
    if (!(error instanceof BackendError)) throw error
    const found = error.message.replace(`${error.code}: `, '').replace(/; `memory:`.*/, '')
    const advice = '`linux:` cannot be used. `memory:` runs here, and has the same behaviour.'
    return [missing('queues', found, advice)]
  }
  try {
    return [await queues(namespace), copies(namespace), await limits(namespace), nextId()]
  } finally {
    await namespace.close()
  }
}

async function queues(namespace: IpcNamespace): Promise<Finding> {
  const { msgmni } = await namespace.limits()
  const { pool, map } = (await namespace.msgctl(0, MSG_INFO)).info
  const found = `${pool} of ${count(msgmni, 'queue')} in use, ${count(map, 'message')}`
  if (pool * 100 < msgmni * MANY_QUEUES_PERCENT) return ok('queues', found)
  const advice = 'Soon msgget is ENOSPC. `msgq ls` shows whose they are; `msgq limits --msgmni N` makes room, to 32768.'
  return limited('queues', found, advice)
}

function copies({ capabilities }: IpcNamespace): Finding {
  if (capabilities.copy !== 'none') return ok('MSG_COPY', 'queues can be looked into and checkpointed')
  const advice =
    'It was built without CONFIG_CHECKPOINT_RESTORE: copy and checkpoint are ENOSYS, and a restore has no way to the ' +
    'old ids; all else works. Take a kernel that has it, as those of the usual distributions.'
  return limited('MSG_COPY', 'this kernel cannot copy messages', advice)
}

async function limits(namespace: IpcNamespace): Promise<Finding> {
  const { msgmax, msgmnb, msgmni } = await namespace.limits()
  const isDefault = msgmax === MSGMAX && msgmnb === MSGMNB && msgmni === MSGMNI
  const found = `msgmax ${msgmax}, msgmnb ${msgmnb}, msgmni ${msgmni}${isDefault ? ": Linux's defaults" : ''}`
  const refusal = writeRefusal('/proc/sys/kernel/msgmax')
  if (refusal === undefined) return ok('limits', `${found}; \`msgq limits\` sets them`)
  const advice =
    `They cannot be set from here (${refusal}). Root, where /proc/sys is writable, raises them with ` +
    '`msgq limits --msgmax N`, and with `kernel.msgmax = N` in /etc/sysctl.d for the next start.'
  return limited('limits', found, advice)
}

function nextId(): Finding {
  const refusal = writeRefusal('/proc/sys/kernel/msg_next_id')
  if (refusal === undefined) return ok('msg_next_id', 'restored queues get the ids that they had')
  const advice =
    'restore cannot give queues the ids that they had, and fails. It needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, ' +
    'as root has them, and a writable /proc/sys.'
  return limited('msg_next_id', `it cannot be set (${refusal})`, advice)
}
