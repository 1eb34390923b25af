/** A process of its own that makes the calls it is told over its IPC channel, in the namespace that it was born in. */
import { openKernelNamespace } from '../../backends/kernel/index.ts'
import { BackendError, SyscallError } from '../../contract/index.ts'
import type { RemoteAnswer, RemoteCall, RemoteError } from './kernel-process.ts'

const namespace = openKernelNamespace()

process.on('disconnect', () => process.exit())
process.on('message', (message) => perform(message as RemoteCall))
answer({ ready: true, capabilities: namespace.capabilities })

async function perform({ number, method, args }: RemoteCall): Promise<void> {
  try {
    const call = namespace[method] as (...args: unknown[]) => Promise<unknown>
    answer({ number, value: await call.apply(namespace, [...args]) })
  } catch (error) {
    answer({ number, error: describe(error) })
  }
}

function answer(message: RemoteAnswer): void {
  process.send?.(message)
}

function describe(error: unknown): RemoteError {
  if (error instanceof SyscallError) {
    const { code, syscall, msqid, key } = error
    return {
      kind: 'SyscallError',
      code,
      syscall,
      ...(msqid !== undefined && { msqid }),
      ...(key !== undefined && { key }),
    }
  }
  if (error instanceof BackendError) return { kind: 'BackendError', code: error.code, message: error.message }
  if (error instanceof TypeError) return { kind: 'TypeError', message: error.message }
  if (error instanceof RangeError) return { kind: 'RangeError', message: error.message }
  return { kind: 'Error', message: error instanceof Error ? String(error.stack) : String(error) }
}
