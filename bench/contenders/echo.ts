import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Setting } from '../comparison.ts'
import { type Contender, expect, expectBytes, pattern } from '../contender.ts'
import type { Pair } from './in-flight.ts'

const ECHO = join(import.meta.dirname, 'echo-main.js')

export interface EchoWork {
  readonly sizeBytes: number
  readonly time: (pair: Pair, count: number) => Promise<number>
}

/**
 * What a call to a daemon in Node cannot do without: bytes to another process, one write there into a file, and bytes back.
 * There is one call at a time, whose answer comes in one piece.
 */
export async function echoPairs({ scratch }: Setting, { sizeBytes, time }: EchoWork): Promise<Contender> {
  const directory = mkdtempSync(join(scratch, 'echo-'))
  const path = join(directory, 'socket')
  const args = [ECHO, path, join(directory, 'file')]
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(server.stdout, 'data')
  const socket = connect(path)
  await once(socket, 'connect')
  const sent = Buffer.from(pattern(sizeBytes))
  let answered = (_piece: Buffer): void => undefined
  socket.on('data', (piece: Buffer) => answered(piece))
  const call = () =>
    new Promise<Buffer>((resolve) => {
      answered = resolve
      socket.write(sent)
    })
  const checked = async () => expect((await call()).length === sizeBytes, 'the length')
  return {
    check: async () => expectBytes(await call(), sent, 'an echo'),
    time: (count) => time({ send: checked, receive: checked }, count),
    close: async () => {
      socket.destroy()
      const ended = once(server, 'exit')
      server.kill()
      await ended
    },
  }
}
