import { strict as assert } from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openJetstreamNamespace } from '../../src/backends/jetstream/index.ts'
import { natsServer } from './nats-server.ts'

/** Real servers of this test's own, each with files of its own. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly string[]
  readonly #directory: string
  readonly #processes: ChildProcess[] = []

  private constructor(servers: readonly string[], directory: string) {
    this.servers = servers
    this.#directory = directory
  }

  /** Starts one server, or so many as a cluster; resolves when they keep streams. */
  static async start(count: 1 | 3): Promise<NatsCluster> {
    const program = natsServer()
    assert.ok(program !== undefined, 'nats-server 2.12 or newer is needed: NATS_SERVER, PATH, or npm test with CI=true')
    const ports = await freePorts(2 * count)
    const [clients, routes] = [ports.slice(0, count), ports.slice(count)]
    const directory = mkdtempSync(join(tmpdir(), 'msgq-nats-'))
    const servers = clients.map((port) => `127.0.0.1:${port}`)
    const cluster = new NatsCluster(servers, directory)
    clients.forEach((port, index) => {
      const file = join(directory, `${index}.conf`)
      const others = routes.map((route) => `nats://127.0.0.1:${route}`).join(', ')
      const clustered = `cluster { name: msgq, listen: "127.0.0.1:${routes[index]}", routes: [${others}] }`
      writeFileSync(
        file,
        `server_name: n${index}
listen: "127.0.0.1:${port}"
jetstream { store_dir: "${join(directory, String(index))}", sync_interval: always }
${count === 1 ? '' : clustered}
`,
      )
      cluster.#processes.push(spawn(program, ['-c', file], { stdio: 'ignore' }))
    })
    await cluster.#ready()
    return cluster
  }

  /** The URL of a namespace, by way of one of the servers. */
  url(name: string, server = 0): string {
    return `nats://${this.servers[server]}/${name}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) {
      process.kill('SIGKILL')
      if (process.exitCode === null && process.signalCode === null) await once(process, 'exit')
    }
    rmSync(this.#directory, { recursive: true, force: true })
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
