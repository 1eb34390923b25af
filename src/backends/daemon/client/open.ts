import type { IpcNamespace } from '../../../contract/index.ts'
import { DaemonNamespace } from './daemon-namespace.ts'
import { Link, type LinkOptions } from './link.ts'

/**
 * Opens the namespace that a daemon serves.
 *
 * @param path Of its socket.
 * @param options `reconnectMs`: how long to try to come back when the connection is lost. Default 30 seconds.
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` nobody answers there; `ERR_MSGQ_PROTOCOL` what answers is no such server.
 */
export async function openDaemonNamespace(path: string, options: LinkOptions = {}): Promise<IpcNamespace> {
  return new DaemonNamespace(`unix:${path}`, await Link.connect(path, options))
}
