import { BackendError } from '../../contract/index.ts'

/** What the kernel has not, and where it is to be had. */
export function unsupported(what: string): BackendError {
  const where = '`memory:` can (see capabilities)'
  return new BackendError('ERR_MSGQ_UNSUPPORTED', `the kernel has no ${what}: ${where}`)
}
