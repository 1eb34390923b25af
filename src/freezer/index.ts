/** Stops the processes that use a namespace's queues, and lets them go on. */
export { Freezer, type Frozen, type Whom } from './freezer.ts'
export { type Process, processOf } from './processes.ts'
