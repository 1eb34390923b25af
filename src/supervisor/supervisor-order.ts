import type { BackendErrorCode } from '../contract/index.ts'

/** What the launcher wants of a supervisor; its only word on the command line, as JSON. */
export interface SupervisorOrder {
  readonly url: string
  readonly restore: string | undefined
  readonly procFiles: boolean
}

/** Whose descriptor the listener is. */
export interface ToSupervisor {
  readonly pid: number
  readonly listener: number
}

/** How far it is, or why it cannot go on. A line of JSON each. */
export type FromSupervisor = 'ready' | 'listening' | { readonly code: BackendErrorCode; readonly message: string }
