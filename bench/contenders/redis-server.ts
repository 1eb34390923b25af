import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A redis-server of our own: on a Unix socket alone, nothing written to disk. */
export interface RedisServer {
  readonly socket: string
  close(): Promise<void>
}

/** Starts one. @param scratch A folder for its socket. @throws {Error} With what it said, when it does not start. */
export async function startRedisServer(scratch: string): Promise<RedisServer> {
  const socket = join(scratch, 'redis.sock')
  const settings = { port: '0', unixsocket: socket, save: '', appendonly: 'no', daemonize: 'no', dir: scratch }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const said: string[] = []
  for await (const line of createInterface({ input: server.stdout })) {
    said.push(line)
    if (!/ready to accept connections/i.test(line)) continue
    server.stdout.resume()
    return {
      socket,
      close: async () => {
        const closed = once(server, 'close')
        server.kill()
        await closed
      },
    }
  }
  throw new Error(`redis-server did not start: ${said.join('\n')}`)
}
