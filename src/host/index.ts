/** Runs one engine: gives it time, turns completions into promises. */
export { carriedCalls, tooLong } from './carried.ts'
export { Host } from './host.ts'
export { type HostedNamespace, HostNamespace } from './host-namespace.ts'
export type { ValueOf } from './host-session.ts'
export { loadEngine } from './load-engine.ts'
export { type RestoreCalls, restore } from './restore.ts'
