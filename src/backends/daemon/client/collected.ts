import { BackendError } from '../../../contract/index.ts'
import type { Checkpoint, HistoryEvent, WaitingCall } from '../../../engine/index.ts'
import { CheckpointBuilder, type CheckpointPart, type HistoryPart } from '../../../wire/index.ts'
import type { Parts } from './asking.ts'

/** The parts of an answer, put together. */
export class Collected implements Parts {
  events: HistoryEvent[] = []
  #builder = new CheckpointBuilder()

  add(part: CheckpointPart | HistoryPart): void {
    if (part.part === 'history') for (const event of part.events) this.events.push(event)
    else this.#builder.add(part)
  }

  restart(): void {
    this.events = []
    this.#builder = new CheckpointBuilder()
  }

  get checkpoint(): Checkpoint {
    const checkpoint = this.#builder.finish()
    if (checkpoint !== undefined) return checkpoint
    throw new BackendError('ERR_MSGQ_PROTOCOL', 'the server sent a checkpoint without its beginning')
  }

  get waiting(): readonly WaitingCall[] {
    return this.#builder.waiting
  }
}
