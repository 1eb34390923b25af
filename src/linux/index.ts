/** The few Linux calls that Node lacks, through FFI. Loads koffi on first use. */
export {
  AF_UNIX,
  CLONE_NEWIPC,
  koffiVersion,
  type LinuxCalls,
  LOCK_EX,
  LOCK_NB,
  linuxCalls,
  MAP_FAILED,
  MAP_POPULATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  SO_PEERCRED,
  SO_PEERGROUPS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
} from './calls.ts'
export { type SyscallNumbers, syscallNumbers } from './machine.ts'
export { wakeSignal } from './wake-signal.ts'
