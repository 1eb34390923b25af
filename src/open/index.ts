import { INT_MAX } from '../abi/index.ts'
import { type IpcNamespace, unsigned } from '../contract/index.ts'

/** The namespaces that `openNamespace` knows, for usage errors. */
export const NAMESPACE_URLS = `memory:        queues in this process (?msgCopy=counter: copies as in 2012)
linux:         the queues of the running Linux kernel
linux:?pid=N   those of the IPC namespace that process N is in
unix:PATH      those of the daemon whose socket is there (msgq serve)
nats://H/N     namespace N of the NATS cluster at host H, shared by machines`

/**
 * Opens the namespace of a URL; its backend is loaded now, at its first use.
 *
 * @param url `memory:`, `linux:`, `linux:?pid=N`, `unix:PATH` or `nats://HOST:PORT/NAME`: see `NAMESPACE_URLS`.
 * @throws {TypeError} not a URL of a namespace: the message lists them.
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` the namespace cannot be reached: the message says why and what to do.
 */
export async function openNamespace(url: string): Promise<IpcNamespace> {
  if (typeof url !== 'string') throw new TypeError(`the namespace's URL must be a string, not ${typeof url}`)
  const [, path] = /^unix:(.+)$/.exec(url) ?? []
  if (path !== undefined) {
    const { openDaemonNamespace } = await import('../backends/daemon/index.ts')
    return openDaemonNamespace(socketPath(path))
  }
  if (url.startsWith('nats:')) {
    const { openJetstreamNamespace } = await import('../backends/jetstream/index.ts')
    return openJetstreamNamespace(url)
  }
  const [, scheme, query] = /^(\w+:)(?:\?(.*))?$/.exec(url) ?? []
  const parameters = new URLSearchParams(query)
  switch (scheme) {
    case 'memory:': {
      const options = memoryOptions(url, parameters)
      const { openEmbeddedNamespace } = await import('../backends/embedded/index.ts')
      return openEmbeddedNamespace(options)
    }
    case 'linux:': {
      const options = linuxOptions(url, parameters)
      const { openKernelNamespace } = await import('../backends/kernel/index.ts')
      return openKernelNamespace(options)
    }
    default:
      throw new TypeError(`${url} is not the URL of a namespace; use one of\n${NAMESPACE_URLS}`)
  }
}

function memoryOptions(url: string, parameters: URLSearchParams) {
  allowOnly(url, parameters, ['msgCopy', 'checkpointRestore'])
  const msgCopy = parameters.get('msgCopy') ?? 'index'
  if (msgCopy !== 'index' && msgCopy !== 'counter') throw new TypeError(`${url}: msgCopy is index or counter`)
  const checkpointRestore = parameters.get('checkpointRestore') ?? 'true'
  if (checkpointRestore !== 'true' && checkpointRestore !== 'false') {
    throw new TypeError(`${url}: checkpointRestore is true or false`)
  }
  return { msgCopy, checkpointRestore: checkpointRestore === 'true' } as const
}

function linuxOptions(url: string, parameters: URLSearchParams): { pid?: number } {
  allowOnly(url, parameters, ['pid'])
  const pid = parameters.get('pid')
  if (pid === null) return {}
  if (!/^[1-9]\d*$/.test(pid)) throw new TypeError(`${url}: pid is the number of a process`)
  return { pid: unsigned('pid', Number(pid), INT_MAX) }
}

function allowOnly(url: string, parameters: URLSearchParams, known: readonly string[]): void {
  for (const name of parameters.keys()) {
    if (!known.includes(name)) throw new TypeError(`${url}: there is no parameter ${name}; use ${known.join(', ')}`)
  }
}

/** A longer path does not fit into a socket's address. Source: include/uapi/linux/un.h, UNIX_PATH_MAX, with its last zero. */
const SOCKET_PATH_BYTES_MAX = 107

function socketPath(path: string): string {
  const bytes = new TextEncoder().encode(path).length
  if (bytes <= SOCKET_PATH_BYTES_MAX) return path
  throw new TypeError(`a socket's path has at most ${SOCKET_PATH_BYTES_MAX} bytes, and this one ${bytes}: ${path}`)
}
