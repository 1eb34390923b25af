import { createServer, type RequestListener, type Server } from 'node:http'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Daemon } from '../../backends/daemon/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import { measure } from '../metrics.ts'
import { registryOf } from './registry.ts'

/** A monitor alone asks here, on this machine: there is no other way in, and so no password. */
const HOST = '127.0.0.1'

/** Tells monitors how a daemon is: `/healthz`, and `/metrics` for Prometheus. Resolves once it listens. */
export function listenHttp(port: number, daemon: Daemon, namespace: IpcNamespace): Promise<Server> {
  const own = ownMetrics(daemon)
  const server = createServer(answer(own, namespace))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

function answer(own: Registry, namespace: IpcNamespace): RequestListener {
  return async ({ method, url }, response) => {
    if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    try {
      switch (url) {
        case '/healthz':
          // Whoever asks wants to know whether calls are answered: one is made.
          await namespace.limits()
          return void response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n')
        case '/metrics': {
          const text = await Registry.merge([registryOf(await measure(namespace)), own]).metrics()
          return void response.writeHead(200, { 'content-type': own.contentType }).end(text)
        }
        default:
          return void response.writeHead(404, { 'content-type': 'text/plain' }).end('see /healthz and /metrics\n')
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      response.writeHead(503, { 'content-type': 'text/plain' }).end(`${message}\n`)
    }
  }
}

/** What each measure of a daemon is called, and means. */
const MEASURES: Readonly<Record<string, readonly [name: string, help: string]>> = {
  sessions: ['msgq_daemon_sessions', 'Clients that are connected, or may come back.'],
  waitingCalls: ['msgq_daemon_waiting_calls', 'Calls that wait.'],
  heldMessages: ['msgq_daemon_held_messages', 'Messages that are held.'],
  pooledBytes: ['msgq_daemon_pooled_bytes', 'What messages take of memory, wherever they are.'],
  records: ['msgq_journal_records', 'Number of the last record of the journal.'],
  durable: ['msgq_journal_durable_records', 'Number of the last record that is durable.'],
}

function ownMetrics({ server, measures }: Daemon): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, measure: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(measure())
      },
    })
  gauge('msgq_daemon_connections', 'Programs that are connected.', () => server.connections)
  for (const measure of Object.keys(measures())) {
    const [name = '', help = ''] = MEASURES[measure] ?? []
    if (name !== '') gauge(name, help, () => measures()[measure] ?? 0)
  }
  return registry
}
