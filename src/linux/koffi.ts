import { createRequire } from 'node:module'

/** What is used of koffi; its own types would make every user of our declarations install it. */
export interface Koffi {
  readonly version: string
  load(path: null): { func(definition: string): (...args: unknown[]) => unknown }
  errno(): number
  address(value: Uint8Array): bigint
  readonly node: { poll(fd: number, options: PollOptions, callback: () => void): Watch }
}

interface PollOptions {
  readonly readable: boolean
}

/** Tells of a descriptor's readiness, on the event loop. Nobody else keeps it: what is not referenced ends. */
export interface Watch {
  close(): void
}

/** @throws {Error} koffi is not installed. */
export function requireKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch (cause) {
    const message = "the kernel's queues are reached through koffi, which is not here: run `npm install koffi`"
    throw new Error(message, { cause })
  }
}

/** The version of koffi that is installed. @throws {Error} there is none. */
export function koffiVersion(): string {
  return requireKoffi().version
}
