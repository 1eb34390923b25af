/** The few Linux calls that Node lacks, through FFI. Loads koffi on first use. */
export { CLONE_NEWIPC, type LinuxCalls, linuxCalls } from './calls.ts'
export { type SyscallNumbers, syscallNumbers } from './machine.ts'
export { wakeSignal } from './wake-signal.ts'
