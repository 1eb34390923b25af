import type { Limits } from '../engine/index.ts'
import type { FieldChange } from '../image/index.ts'
import type { Placement, RestoreChoice, StandingQueue } from '../transfer/index.ts'
import type { MessageSeen } from './seen.ts'

/** What an image was made of: a file, the namespace as it is, or as it was. */
export type ImageOrigin = 'file' | 'now' | 'past'

/** An image that was put on the shelf, without its messages. */
export interface ImageSeen {
  /** By which it is asked for. */
  readonly image: number
  readonly origin: ImageOrigin
  readonly name: string
  /** When the checkpoint was made, milliseconds since 1970; 0 where the image does not tell. */
  readonly time: number
  readonly limits: Limits
  readonly queues: readonly ImageQueueSeen[]
  /** Calls that waited: a restore drops them. */
  readonly waiting: number
  /** What the image does not tell. */
  readonly missing: readonly string[]
}

/** A queue of an image, in the kernel's field names. What the image does not tell is absent. */
export interface ImageQueueSeen {
  readonly msqid: number
  readonly key: string
  readonly uid: number
  readonly gid: number
  readonly mode: number
  readonly qnum: number
  readonly cbytes: number
  readonly qbytes: number
  /** Milliseconds since 1970, 0 is never: an image keeps them finer than IPC_STAT tells them. */
  readonly stime?: number
  readonly rtime?: number
}

/** A message that one of two images has alone, at its `index` there, or that they tell differently. */
export interface MessageChangeSeen {
  readonly change: 'added' | 'taken' | 'changed'
  readonly message: MessageSeen
}

export interface QueueDiffSeen {
  readonly change: 'added' | 'taken' | 'changed'
  readonly msqid: number
  readonly key: string
  readonly fields: readonly FieldChange[]
  /** How many messages of each kind. */
  readonly counts: { readonly added: number; readonly taken: number; readonly changed: number }
  /** The first of them. */
  readonly messages: readonly MessageChangeSeen[]
}

/** What has become of an image; without fields and queues the two are the same. */
export interface DiffSeen {
  readonly fields: readonly FieldChange[]
  readonly queues: readonly QueueDiffSeen[]
}

/** How an image is to be restored, as `RestoreChoice` has it. */
export type ChoiceSeen = Pick<RestoreChoice, 'standing' | 'asNew'>

/** What a restore would do, or has done. */
export interface PlanSeen {
  readonly restored: readonly Placement[]
  readonly appended: readonly Placement[]
  /** Queues that are removed, with their messages. */
  readonly replaced: readonly StandingQueue[]
  /** Why it would fail. */
  readonly conflicts: readonly string[]
}
