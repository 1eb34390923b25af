import { setTimeout as delay } from 'node:timers/promises'
import { openDaemonNamespace } from '../../../src/backends/daemon/index.ts'
import { BackendError, type IpcNamespace } from '../../../src/contract/index.ts'

/** On a machine that is busy a start takes as long as it takes: when a client gives up is not what is tested here. */
const RECONNECT_MS = 600_000

/** Connects to a daemon that may be down for a moment: its disk has just failed, or it was killed. */
export async function connect(socket: string): Promise<IpcNamespace> {
  for (;;) {
    try {
      return await openDaemonNamespace(socket, { reconnectMs: RECONNECT_MS })
    } catch (error) {
      if (!(error instanceof BackendError) || error.code !== 'ERR_MSGQ_UNAVAILABLE') throw error
      await delay(1)
    }
  }
}
