import type { IpcNamespace } from '../../src/contract/index.ts'
import { type Inspector, startInspector } from '../../src/inspector/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from '../cli/private-namespace.ts'
import { ServedNamespace } from '../daemon/served.ts'

/** A kind of namespace that the page is tried on. */
export interface Place {
  readonly name: string
  readonly skip: string | false
  open(): Promise<AsyncDisposable & { readonly namespace: IpcNamespace }>
}

export const EMBEDDED: Place = {
  name: 'memory:',
  skip: false,
  async open() {
    const namespace = await openNamespace('memory:')
    return { namespace, [Symbol.asyncDispose]: () => namespace.close() }
  },
}

export const DAEMON: Place = {
  name: 'unix:',
  skip: false,
  async open() {
    const served = await ServedNamespace.start()
    const namespace = await served.connect()
    return {
      namespace,
      async [Symbol.asyncDispose]() {
        await namespace.close()
        await served[Symbol.asyncDispose]()
      },
    }
  },
}

export const KERNEL: Place = {
  name: 'linux:',
  skip: KERNEL_SKIPPED,
  async open() {
    const own = await PrivateNamespace.open()
    const namespace = await openNamespace(`linux:?pid=${own.pid}`)
    return {
      namespace,
      async [Symbol.asyncDispose]() {
        await namespace.close()
        await own[Symbol.asyncDispose]()
      },
    }
  },
}

export function inspect(namespace: IpcNamespace, options: { readonly readOnly?: boolean } = {}): Promise<Inspector> {
  return startInspector(namespace, { port: 0, user: 'tester', ...options })
}
