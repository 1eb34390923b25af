import type { ReceivedMessage } from '../contract/index.ts'

/** A message that was received or copied, but that its codec cannot decode. It carries the message: nothing is lost. */
export class PayloadError extends TypeError {
  override readonly name = 'PayloadError'
  readonly code = 'ERR_MSGQ_PAYLOAD'
  /** The message, with its bytes as they were; a held one can be refused. */
  readonly received: ReceivedMessage

  constructor(received: ReceivedMessage, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`ERR_MSGQ_PAYLOAD: a message of type ${received.mtype} does not decode: ${why}`, { cause })
    this.received = received
  }
}
