import { equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type net from 'node:net'
import fc from 'fast-check'
import { openNamespace } from '../../src/open/index.ts'
import { type ClientFrame, FrameWriter } from '../../src/wire/index.ts'
import { Random } from '../oracle/random.ts'
import { arbitraryClientFrame } from '../wire/arbitraries.ts'
import { RawClient } from './raw-client.ts'
import { ServeProcess } from './serve-process.ts'

const SAMPLES = 3_000
/** Frames that a connection sends, if it is not let go before. */
const FRAMES_MAX = 200
/** Bytes that begin a frame and never end, of each slow client; and how many of them there are. */
const SLOW_CLIENTS = 20
/** Of memory: what Node takes for a daemon that has nothing to do is some 60 MiB. */
const RESIDENT_BYTES_MAX = 1.5 * 2 ** 30

export interface FuzzReport {
  readonly frames: number
  readonly connections: number
  /** Connections that went on to the end: their frames were valid, whatever they asked for. */
  readonly borne: number
  readonly residentBytes: number
}

/**
 * Sends a daemon random frames, mutated ones and noise, beside clients that never end a frame and never read; another client
 * is served meanwhile. Rejects where the daemon ends, does not answer, or takes too much memory.
 */
export async function fuzzDaemon(
  seed: number,
  frames: number,
  onSent: (frames: number) => void = () => undefined,
): Promise<FuzzReport> {
  await using serve = await ServeProcess.start(['--durability', 'none'])
  await using namespace = await openNamespace(serve.url)
  const slow = await Promise.all(Array.from({ length: SLOW_CLIENTS }, () => neverEnds(serve.socket)))
  const random = new Random(seed)
  // Those that end a connection are sent too, but not so often that no others come.
  const samples = fc
    .sample(arbitraryClientFrame, { seed, numRuns: SAMPLES })
    .filter((frame, index) => index % 50 === 0 || (frame.kind !== 'hello' && frame.kind !== 'goodbye'))
  let [sent, connections, borne] = [0, 0, 0]
  while (sent < frames) {
    const count = Math.min(random.between(1, FRAMES_MAX), frames - sent)
    if (await bears(serve.socket, randomFrames(random, samples, count))) borne++
    sent += count
    connections++
    onSent(sent)
    if (connections % 50 === 0) await namespace.nextId()
  }
  equal(typeof (await namespace.limits()).msgmax, 'number')
  const residentBytes = residentBytesOf(serve.pid)
  ok(residentBytes < RESIDENT_BYTES_MAX, `the daemon takes ${residentBytes} bytes`)
  for (const socket of slow) socket.destroy()
  await namespace.close()
  equal(await serve.stop(), 0)
  await serve.start()
  return { frames: sent, connections, borne, residentBytes }
}

/** A client that begins a frame and never ends it. */
async function neverEnds(path: string): Promise<net.Socket> {
  const { client } = await RawClient.greeted(path)
  client.socket.write(Uint8Array.of(0, 0, 0, 4))
  client.socket.write(new Uint8Array(100_000))
  return client.socket
}

/** One client that sends these bytes. @returns Whether it was borne to the end. */
async function bears(path: string, bytes: Uint8Array): Promise<boolean> {
  const { client } = await RawClient.greeted(path)
  const { socket } = client
  const closed = once(socket, 'close')
  socket.end(bytes)
  await closed
  return client.last?.kind !== 'error'
}

function randomFrames(random: Random, samples: readonly ClientFrame[], count: number): Uint8Array {
  const pieces: Uint8Array[] = []
  // Most connections send what can be read, and one bad frame at the end.
  const isMutated = random.chance(50)
  for (let index = 0; index < count; index++) {
    const writer = new FrameWriter()
    const frame = random.pick(samples)
    // A number that no call may have ends a connection: most go on.
    const isNumbered = 'number' in frame && frame.kind !== 'acknowledge' && random.chance(99)
    writer.write(isNumbered ? { ...frame, number: random.between(1, 1000) } : frame)
    const bytes = writer.take()
    if (isMutated && index >= count - 2) mutate(random, bytes)
    pieces.push(bytes)
  }
  return Buffer.concat(pieces)
}

function mutate(random: Random, bytes: Uint8Array): void {
  for (let changes = random.between(1, 4); changes > 0; changes--) {
    // The length too, now and then.
    const first = random.chance(20) ? 0 : 4
    if (bytes.length > first) bytes[random.between(first, bytes.length - 1)] = random.pick([0, 1, 0x7f, 0x80, 0xff])
  }
}

/** @see proc(5), /proc/pid/statm: the second number, in pages of 4 KiB. */
function residentBytesOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096
}
