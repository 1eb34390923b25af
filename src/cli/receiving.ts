import type { Long } from '../abi/index.ts'
import type { IpcNamespace } from '../contract/index.ts'

/** What is to be received. */
export interface Receiving {
  readonly namespace: IpcNamespace
  readonly msqid: number
  readonly msgtyp: Long
  readonly msgflg: number
  readonly nowait: boolean
  /** Longest wait for each message; `undefined` is for ever. */
  readonly timeoutMs: number | undefined
  /** Most messages, 1 or more, infinity included. */
  readonly most: number
}
