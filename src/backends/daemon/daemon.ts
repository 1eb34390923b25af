import { ALL_CAPABILITIES } from '../../abi/index.ts'
import { BackendError } from '../../contract/index.ts'
import type { Caller } from '../../engine/index.ts'
import { linuxCalls } from '../../linux/index.ts'
import { openDisk } from './journal/index.ts'
import { EngineService, type EngineServiceOptions } from './server/engine-service.ts'
import { Server, type ServerOptions } from './server/server.ts'

export interface DaemonOptions
  extends Omit<EngineServiceOptions, 'url' | 'now'>,
    Pick<ServerOptions, 'path' | 'mode' | 'gid' | 'fd'> {
  /** The directory of its journal: made when it is not there. */
  readonly state: string
}

/** A namespace that outlives its programs: a journal, and a socket. */
export class Daemon {
  readonly server: Server
  readonly service: EngineService

  private constructor(server: Server, service: EngineService) {
    this.server = server
    this.service = service
  }

  /**
   * Brings a namespace back, or begins one, and serves it.
   *
   * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` another daemon listens there; or others are to be let in, and nothing here
   *   can tell who they are.
   * @throws {JournalError} as `Journal.open`. @throws Node's own system error, `EACCES` for instance.
   */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { state, path, mode, gid, fd } = options
    const peers = canTellPeers() ? {} : { peerOf: ownUserAlone(options) }
    const service = await EngineService.open(await openDisk(state), { ...options, url: `unix:${path}` })
    try {
      const place = {
        ...(mode !== undefined && { mode }),
        ...(gid !== undefined && { gid }),
        ...(fd !== undefined && { fd }),
      }
      return new Daemon(await Server.listen({ path, service, ...place, ...peers }), service)
    } catch (error) {
      await service.close()
      throw error
    }
  }

  /** Lets its clients go, and writes an image: the next start replays nothing. @throws {JournalError} The disk has failed. */
  async close(): Promise<void> {
    await this.server.close()
    await this.service.close()
  }
}

function canTellPeers(): boolean {
  try {
    linuxCalls()
    return true
  } catch {
    return false
  }
}

/** Where nothing tells who connects, the socket's mode does: nobody but this user, by whatever process. */
function ownUserAlone({ mode = 0o600, fd }: DaemonOptions): () => Caller {
  if ((mode & 0o066) !== 0 || fd !== undefined) {
    const message =
      'other users are told apart through koffi, which is not here: run `npm install koffi`, or use mode 0600'
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', message)
  }
  const own: Caller = {
    pid: 0,
    tid: 0,
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
    capabilities: process.geteuid?.() === 0 ? ALL_CAPABILITIES : [],
  }
  return () => own
}
