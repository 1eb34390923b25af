import { BackendError, type BackendErrorCode } from '../../../contract/index.ts'
import type { ServerFrame } from '../../../wire/index.ts'

/** How a call or a request ended. */
export type End = Extract<ServerFrame, { readonly kind: 'answer' | 'failure' }>

/** The codes that a server may name; each has a heading in docs/reference/errors.md. */
const CODES: readonly BackendErrorCode[] = [
  'ERR_MSGQ_UNAVAILABLE',
  'ERR_MSGQ_IN_DOUBT',
  'ERR_MSGQ_UNSUPPORTED',
  'ERR_MSGQ_CLOSED',
  'ERR_MSGQ_TORN',
  'ERR_MSGQ_TOO_MANY_WAITS',
  'ERR_MSGQ_NO_SPACE',
  'ERR_MSGQ_PROTOCOL',
]

/** The error of a code that a server sent. */
export function backendError(code: string, message: string): BackendError {
  const known = CODES.find((each) => each === code)
  if (known !== undefined) return new BackendError(known, message.replace(`${code}: `, ''))
  switch (code) {
    case 'ERR_MSGQ_SESSION_EXPIRED':
    case 'ERR_MSGQ_TICKET_ACKNOWLEDGED':
      return new BackendError('ERR_MSGQ_IN_DOUBT', `whether ${message} was done is not known: ${code}`)
    case 'ERR_MSGQ_SESSION_FULL':
      return new BackendError(
        'ERR_MSGQ_TOO_MANY_WAITS',
        `${message} was not done: too many answers wait for this client`,
      )
    default:
      return new BackendError('ERR_MSGQ_PROTOCOL', `the server says ${code}: ${message}`)
  }
}
