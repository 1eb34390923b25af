import type { IpcNamespace } from '../contract/index.ts'
import { NAMESPACE_URLS, openNamespace } from '../open/index.ts'
import { textOption } from './arguments.ts'
import type { Arguments, CommandContext } from './command.ts'
import { UsageError } from './errors.ts'

/** A namespace that is closed at the end of the scope. */
interface OpenedNamespace extends AsyncDisposable {
  readonly namespace: IpcNamespace
}

/**
 * Opens the namespace that a command's only operand names or, without it, that of `--namespace`.
 *
 * @throws {UsageError} both, none, or no URL. @throws {BackendError} it is out of reach.
 */
export async function openUrl(given: Arguments, context: CommandContext): Promise<OpenedNamespace> {
  const [url] = given.operands
  // Whoever calls the command closes this one.
  if (url === undefined)
    return { namespace: await context.openNamespace(), [Symbol.asyncDispose]: async () => undefined }
  if (textOption(given, 'namespace') !== undefined) {
    throw new UsageError(`--namespace and ${url} exclude each other`, 'leave one out')
  }
  const namespace = await openOperand(url, 'for instance: linux:')
  return { namespace, [Symbol.asyncDispose]: () => namespace.close() }
}

/** Opens the namespace of an operand; `hint` says how the operands are written. @throws {UsageError} it is no URL. */
export async function openOperand(url: string, hint: string): Promise<IpcNamespace> {
  try {
    return await openNamespace(url)
  } catch (error) {
    if (error instanceof TypeError)
      throw new UsageError(`${url} is not a namespace; use one of\n${NAMESPACE_URLS}`, hint)
    throw error
  }
}
