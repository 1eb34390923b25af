/** The few Linux calls that Node lacks, through FFI. Loads koffi on first use. */
export {
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
} from './calls.ts'
export { type SyscallNumbers, syscallNumbers } from './machine.ts'
export { wakeSignal } from './wake-signal.ts'
