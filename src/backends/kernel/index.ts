/** The contract over the real Linux kernel. */
export { type KernelOptions, openKernelNamespace } from './open.ts'
export { KERNEL_IDLE_THREADS_MAX, KERNEL_OWN_THREADS_MAX, KERNEL_WAIT_THREADS_MAX } from './wait-threads.ts'
