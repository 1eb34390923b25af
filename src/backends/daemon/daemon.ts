import { ALL_CAPABILITIES } from '../../abi/index.ts'
import { BackendError, type IpcNamespace } from '../../contract/index.ts'
import type { Caller } from '../../engine/index.ts'
import { type JournalError, openDisk } from './journal/index.ts'
import { EngineService, type EngineServiceOptions } from './server/engine-service.ts'
import { NamespaceService } from './server/namespace-service.ts'
import { canTellPeers } from './server/peer.ts'
import { Server, type ServerOptions } from './server/server.ts'

/** Where programs find it. */
export type PlaceOptions = Pick<ServerOptions, 'path' | 'mode' | 'gid' | 'fd'>

export interface DaemonOptions extends Omit<EngineServiceOptions, 'url' | 'now'>, PlaceOptions {
  /** The directory of its journal: made when it is not there. */
  readonly state: string
}

/** A namespace behind a socket. */
export interface Daemon {
  readonly server: Server
  /** Resolves when the disk has failed, or what is lent has ended, which is final: end the process, and start it again. */
  readonly failed?: Promise<JournalError | BackendError>
  /** Numbers for monitors, by name. */
  measures(): Readonly<Record<string, number>>
  /** Lets its clients go, and what was served. @throws {JournalError} The disk has failed. */
  close(): Promise<void>
}

/**
 * Brings a namespace back that outlives its programs, or begins one, and serves it.
 *
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` another daemon listens there; or others are to be let in, and nothing here
 *   can tell who they are.
 * @throws {JournalError} as `Journal.open`. @throws Node's own system error, `EACCES` for instance.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const place = placeOf(options)
  const service = await EngineService.open(await openDisk(options.state), { ...options, url: `unix:${options.path}` })
  const server = await listening({ ...place, service })
  return {
    server,
    failed: service.failed,
    measures: () => service.measures(),
    close: async () => {
      await server.close()
      await service.close()
    },
  }
}

/**
 * Serves a namespace of any other kind as it is; it is closed with the daemon.
 *
 * @throws {BackendError} as `startDaemon`.
 */
export async function lendNamespace(namespace: IpcNamespace, options: PlaceOptions): Promise<Daemon> {
  const service = new NamespaceService(namespace)
  const server = await listening({ ...placeOf(options), service })
  return {
    server,
    ...(namespace.failed !== undefined && { failed: namespace.failed }),
    measures: () => ({}),
    close: async () => {
      await server.close()
      await service.close()
    },
  }
}

/** What is served is let go of where it cannot be. */
async function listening(
  options: ServerOptions & { readonly service: EngineService | NamespaceService },
): Promise<Server> {
  try {
    return await Server.listen(options)
  } catch (error) {
    await options.service.close()
    throw error
  }
}

function placeOf(options: PlaceOptions) {
  const { path, mode, gid, fd } = options
  return {
    path,
    ...(mode !== undefined && { mode }),
    ...(gid !== undefined && { gid }),
    ...(fd !== undefined && { fd }),
    ...(canTellPeers() ? {} : { peerOf: ownUserAlone(options) }),
  }
}

/** Where nothing tells who connects, the socket's mode does: nobody but this user, by whatever process. */
function ownUserAlone({ mode = 0o600, fd }: PlaceOptions): () => Caller {
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
