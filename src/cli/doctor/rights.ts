import { closeSync, openSync } from 'node:fs'
import { type Capability, errnoName } from '../../abi/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../linux/index.ts'
import { ownCapabilities } from '../capabilities.ts'
import { type Finding, limited, ok } from './finding.ts'

/** What a capability lets a process do. Source: capabilities(7); Linux ipc/util.c, ipc/msg.c. */
interface Right {
  readonly name: string
  readonly capability: Capability
  readonly does: string
  readonly without: string
}

const RIGHTS: readonly Right[] = [
  {
    name: 'read all',
    capability: 'CAP_IPC_OWNER',
    does: 'every queue may be read and written, whatever its mode',
    without: 'A checkpoint is EACCES as soon as one queue may not be read, and so are copy, send and receive there.',
  },
  {
    name: 'change all',
    capability: 'CAP_SYS_ADMIN',
    does: 'every queue may be changed and removed',
    without: 'set and rm are EPERM for the queues of others.',
  },
  {
    name: 'qbytes',
    capability: 'CAP_SYS_RESOURCE',
    does: 'a queue may admit more than msgmnb',
    without: 'qbytes above msgmnb is EPERM.',
  },
]

/** What this user may do. @throws {Error} there is no koffi. */
export function rightFindings(): Finding[] {
  const own = ownCapabilities()
  const uid = process.geteuid?.()
  const user = uid === 0 ? 'this root' : `user ${uid}`
  const rights = RIGHTS.map(({ name, capability, does, without }) =>
    own.includes(capability)
      ? ok(name, does)
      : limited(name, `${user} has no ${capability}`, `${without} Run msgq as a root that has it.`),
  )
  return [...rights, otherNamespaces(user)]
}

/** Enters the namespace that this thread is in: it changes nothing, and asks for the same right as any other. */
function otherNamespaces(user: string): Finding {
  const name = 'containers'
  const file = openSync('/proc/thread-self/ns/ipc', 'r')
  try {
    const linux = linuxCalls()
    if (linux.setns(file, CLONE_NEWIPC) === 0) return ok(name, 'linux:?pid=N may enter other IPC namespaces')
    const errno = linux.errno()
    const found = `${user} may not enter other IPC namespaces (${errnoName(errno) ?? `errno ${errno}`})`
    return limited(name, found, '`linux:?pid=N` fails. It needs CAP_SYS_ADMIN, and no sandbox that forbids setns.')
  } finally {
    closeSync(file)
  }
}
