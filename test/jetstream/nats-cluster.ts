import { strict as assert } from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openJetstreamNamespace } from '../../src/backends/jetstream/index.ts'
import { natsServer } from './nats-server.ts'

/** Of what a server says. */
const LAST_LINES = 20

export interface ClusterOptions {
  /** Further lines of each server's configuration. */
  readonly configuration?: string
  /** Of the URL by which it is asked whether it is ready: `user:password@`, and `?…`. */
  readonly login?: string
  readonly query?: string
  /** What stands before a server's command: `ip netns exec …`. */
  readonly before?: (index: number) => readonly string[]
  /** Addresses of the servers. Default: 127.0.0.1. */
  readonly hosts?: readonly string[]
  readonly syncs?: 'always' | 'sometimes'
}

/** Real servers of this test's own, each with files of its own, which can be stopped, killed and started again. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly string[]
  /** Where a server answers monitors. */
  readonly monitors: readonly string[]
  readonly directory: string
  readonly #options: ClusterOptions
  readonly #processes: (ChildProcess | undefined)[] = []

  private constructor(
    servers: readonly string[],
    monitors: readonly string[],
    directory: string,
    options: ClusterOptions,
  ) {
    this.servers = servers
    this.monitors = monitors
    this.directory = directory
    this.#options = options
  }

  /** Starts one server, or so many as a cluster; resolves when they keep streams. */
  static async start(count: 1 | 3, options: ClusterOptions = {}): Promise<NatsCluster> {
    const ports = await freePorts(3 * count)
    const [clients, routes, monitors] = [0, 1, 2].map((part) => ports.slice(part * count, (part + 1) * count))
    assert.ok(clients !== undefined && routes !== undefined && monitors !== undefined)
    const host = (index: number) => options.hosts?.[index] ?? '127.0.0.1'
    const directory = mkdtempSync(join(tmpdir(), 'msgq-nats-'))
    const servers = clients.map((port, index) => `${host(index)}:${port}`)
    const watched = monitors.map((port, index) => `http://${host(index)}:${port}`)
    const cluster = new NatsCluster(servers, watched, directory, options)
    const others = routes.map((route, index) => `nats://${host(index)}:${route}`).join(', ')
    const syncs = options.syncs === 'sometimes' ? '' : ', sync_interval: always'
    clients.forEach((_, index) => {
      const clustered = `cluster { name: msgq, listen: "${host(index)}:${routes[index]}", routes: [${others}] }`
      writeFileSync(
        join(directory, `${index}.conf`),
        `server_name: n${index}
listen: "${servers[index]}"
http: "${host(index)}:${monitors[index]}"
jetstream { store_dir: "${join(directory, String(index))}"${syncs} }
${count === 1 ? '' : clustered}
${options.configuration ?? ''}
`,
      )
      cluster.startServer(index)
    })
    try {
      await cluster.#ready()
    } catch (cause) {
      const words = clients.map((_, index) => cluster.lastWords(index)).join('\n')
      await cluster[Symbol.asyncDispose]()
      throw new Error(`the servers are not ready: ${words}`, { cause })
    }
    return cluster
  }

  /** The URL of a namespace, by way of one of the servers. */
  url(name: string, server = 0): string {
    return `nats://${this.#options.login ?? ''}${this.servers[server]}/${name}${this.#options.query ?? ''}`
  }

  /** The URL of a namespace that names all servers. */
  urlOfAll(name: string): string {
    return `nats://${this.#options.login ?? ''}${this.servers.join(',')}/${name}${this.#options.query ?? ''}`
  }

  startServer(index: number): void {
    const program = natsServer()
    assert.ok(program !== undefined, 'nats-server 2.12 or newer is needed: NATS_SERVER, PATH, or npm test with CI=true')
    const before = this.#options.before?.(index) ?? []
    const [command = '', ...words] = [...before, program, '-c', join(this.directory, `${index}.conf`)]
    const log = openSync(this.#log(index), 'a')
    this.#processes[index] = spawn(command, words, { stdio: ['ignore', log, log] })
    closeSync(log)
  }

  /** What a server has said last. */
  lastWords(index: number): string {
    return readFileSync(this.#log(index), 'utf8').split('\n').slice(-LAST_LINES).join('\n')
  }

  #log(index: number): string {
    return join(this.directory, `${index}.log`)
  }

  /** Resolves when no thread of the server runs any more. */
  async stop(index: number): Promise<void> {
    const pid = this.#processes[index]?.pid
    if (pid === undefined) throw new Error(`assertion: server ${index} runs`)
    process.kill(pid, 'SIGSTOP')
    const threads = `/proc/${pid}/task`
    const isStopped = (thread: string) => /\) [Tt] /.test(readFileSync(join(threads, thread, 'stat'), 'utf8'))
    while (!readdirSync(threads).every(isStopped)) await setTimeout(5)
  }

  goOn(index: number): void {
    this.#processes[index]?.kill('SIGCONT')
  }

  async kill(index: number): Promise<void> {
    const process = this.#processes[index]
    this.#processes[index] = undefined
    process?.kill('SIGKILL')
    if (process !== undefined && process.exitCode === null && process.signalCode === null) await once(process, 'exit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((_, index) => this.kill(index)))
    rmSync(this.directory, { recursive: true, force: true })
  }

  async #ready(): Promise<void> {
    for (let looks = 0; ; looks++) {
      try {
        const namespace = await openJetstreamNamespace(this.url('ready'))
        return await namespace.close()
      } catch (error) {
        if (looks > 200) throw error
        await setTimeout(50)
      }
    }
  }
}

async function freePorts(count: number): Promise<number[]> {
  const listening = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(listening.map((server) => once(server, 'listening')))
  const ports = listening.map((server) => (server.address() as { readonly port: number }).port)
  await Promise.all(listening.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}
