import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readImage, writeImage } from '../../src/image/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { Random } from '../oracle/random.ts'
import { judge, type Point } from './judge.ts'
import { empty, Load } from './load.ts'
import { MeasuredDaemon } from './measured-daemon.ts'

/** Times at which clients leave and the daemon is measured. */
const POINTS = 20
/** After so many points it is stopped or killed, and started again. */
const POINTS_A_LIFE = 5

export interface SoakReport {
  readonly seed: number
  readonly minutes: number
  readonly calls: number
  readonly clients: number
  readonly points: readonly Point[]
  readonly startsMs: readonly number[]
  /** What was not flat. */
  readonly broken: readonly string[]
}

/** Puts mixed load on a daemon: clients come, go and are killed, images are taken, it is stopped, killed and started again. */
export async function soak(seed: number, minutes: number, onPoint: (point: Point) => void): Promise<SoakReport> {
  await using daemon = await MeasuredDaemon.start(['--durability', 'interval'])
  const images = await mkdtemp(join(tmpdir(), 'msgq-soak-'))
  const random = new Random(seed)
  const load = new Load(daemon.socket, random, seed)
  const points: Point[] = []
  const startsMs: number[] = []
  const since = performance.now()
  const stretchMs = (minutes * 60_000) / POINTS
  try {
    for (let number = 1; number <= POINTS; number++) {
      load.begin()
      const until = since + number * stretchMs
      await saveAndRead(daemon.url, images)
      await delay(Math.max(0, until - performance.now()))
      await load.end()
      points.push(await measure(daemon, startsMs.length, since))
      onPoint(points.at(-1) as Point)
      if (number % POINTS_A_LIFE !== 0 || number === POINTS) continue
      await daemon.stop(random.chance(50) ? 'SIGTERM' : 'SIGKILL')
      startsMs.push(await daemon.start())
    }
    return { seed, minutes, calls: load.calls, clients: load.started, points, startsMs, broken: judge(points) }
  } finally {
    await load.end()
    await rm(images, { recursive: true })
  }
}

async function measure(daemon: MeasuredDaemon, life: number, since: number): Promise<Point> {
  await using namespace = await openNamespace(daemon.url)
  await empty(namespace)
  await namespace.close()
  const taken = await daemon.taken()
  return { life, seconds: Math.round((performance.now() - since) / 1000), ...taken, journalBytes: daemon.journalBytes }
}

/** An image of the namespace in the place of the last, read back whole. */
async function saveAndRead(url: string, directory: string): Promise<void> {
  await using namespace = await openNamespace(url)
  await writeImage(directory, await namespace.checkpoint())
  await readImage(directory)
}
