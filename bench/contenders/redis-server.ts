import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A redis-server of our own, on a Unix socket and a port of this machine. */
export interface RedisServer {
  readonly socket: string
  readonly port: number
  close(): Promise<void>
}

/** What a redis-server has on the disk when it answers: nothing, or every change (`appendfsync always`). */
export type RedisDurability = 'none' | 'fsync'

/** Starts one. @param scratch A folder for a folder of its own. @throws {Error} With what it said, when it does not start. */
export async function startRedisServer(scratch: string, durability: RedisDurability = 'none'): Promise<RedisServer> {
  const dir = mkdtempSync(join(scratch, 'redis-'))
  const [socket, port] = [join(dir, 'socket'), await freePort()]
  const append = durability === 'fsync' ? { appendonly: 'yes', appendfsync: 'always' } : { appendonly: 'no' }
  const place = { port: String(port), bind: '127.0.0.1', unixsocket: socket, dir }
  const settings = { ...place, save: '', daemonize: 'no', ...append }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const said: string[] = []
  for await (const line of createInterface({ input: server.stdout })) {
    said.push(line)
    if (!/ready to accept connections/i.test(line)) continue
    server.stdout.resume()
    return {
      socket,
      port,
      close: async () => {
        const closed = once(server, 'close')
        server.kill()
        await closed
      },
    }
  }
  throw new Error(`redis-server did not start: ${said.join('\n')}`)
}

/** One that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
