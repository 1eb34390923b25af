import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDaemonNamespace } from '../../src/backends/daemon/index.ts'
import { type Disk, openDisk } from '../../src/backends/daemon/journal/index.ts'
import { EngineService, type EngineServiceOptions } from '../../src/backends/daemon/server/engine-service.ts'
import { Server, type ServerOptions } from '../../src/backends/daemon/server/server.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import type { NamespaceOptions } from '../../src/engine/index.ts'

const SEGMENT_BYTES = 2 ** 20

/** Its journal, where it is to be another one than that of a directory. */
export interface ServedJournal extends Partial<Omit<EngineServiceOptions, 'namespace' | 'url'>> {
  readonly disk?: () => Promise<Disk>
}

/** A daemon in this process, with a journal in a directory of its own. */
export class ServedNamespace implements AsyncDisposable {
  readonly directory: string
  readonly path: string
  readonly #options: NamespaceOptions
  readonly #serverOptions: Partial<ServerOptions>
  readonly #journal: ServedJournal
  #running: { readonly service: EngineService; readonly server: Server } | undefined

  private constructor(
    directory: string,
    options: NamespaceOptions,
    serverOptions: Partial<ServerOptions>,
    journal: ServedJournal,
  ) {
    this.directory = directory
    this.path = join(directory, 'socket')
    this.#options = options
    this.#serverOptions = serverOptions
    this.#journal = journal
  }

  static async start(
    options: NamespaceOptions = {},
    serverOptions: Partial<ServerOptions> = {},
    journal: ServedJournal = {},
  ): Promise<ServedNamespace> {
    const directory = await mkdtemp(join(tmpdir(), 'msgq-daemon-'))
    const served = new ServedNamespace(directory, options, serverOptions, journal)
    await served.start()
    return served
  }

  get server(): Server {
    if (this.#running === undefined) throw new Error('the daemon does not run')
    return this.#running.server
  }

  async start(): Promise<void> {
    const { disk = () => openDisk(this.directory), ...options } = this.#journal
    const service = await EngineService.open(await disk(), {
      url: 'test:',
      durability: 'none',
      segmentBytes: SEGMENT_BYTES,
      namespace: this.#options,
      ...options,
    })
    const server = await Server.listen({ path: this.path, service, ...this.#serverOptions })
    this.#running = { service, server }
  }

  /** Stops it as a crash does, as far as its clients and its journal see: the next start replays everything. */
  async kill(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    running.server.destroy()
    await running.service.close({ image: false })
  }

  connect(): Promise<IpcNamespace> {
    return openDaemonNamespace(this.path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.directory, { recursive: true })
  }
}
