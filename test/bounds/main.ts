/** `npm run bounds`: see `HELP`. */
import { ok } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FLAG, positiveNumber, readCommandLine, TEXT } from '../command-line.ts'
import { MeasuredDaemon } from '../soak/measured-daemon.ts'
import { type Figures, pageWith } from './figures.ts'
import { play, SCENES, type Sizes } from './scenes.ts'

const HELP = `npm run bounds -- [OPTION…]

A daemon under as many connections, waiting calls, messages and queues as it must bear. Prints a line for each: memory
before, at most and after, and how long others waited; ends with an error when that is too much.

  --share N  an Nth of each; default 1, all of it
  --json     prints one array, and nothing else
  --page     puts the figures into docs/testing.md
  --help     prints this

  npm run bounds -- --share 100`

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'testing.md')
/** What a daemon may have more than before, when everybody has gone: sessions are remembered for a minute, code is compiled. */
const KEPT_MIB = 32
/** Nobody waits as long as that for an answer, whatever others do. */
const OTHERS_MS_MAX = 1_000

const options = { share: { ...TEXT, default: '1' }, json: FLAG, page: FLAG }
const { share, json, page } = readCommandLine(HELP, { options }, ({ share, json, page }) => ({
  share: positiveNumber('share', share),
  json,
  page,
}))
const part = (whole: number) => Math.max(1, Math.round(whole / share))
const sizes: Sizes = {
  connections: part(10_000),
  waits: part(1_000),
  queues: part(1_000),
  messages: part(10_000_000),
  seconds: part(30),
}
const all: Figures[] = []
for (const [name, scene] of SCENES) {
  // Each has a daemon of its own: what one has left behind is none of another's.
  await using daemon = await MeasuredDaemon.start(['--durability', 'none'])
  const figures = await play(daemon, name(sizes), scene, sizes)
  all.push(figures)
  const { before, most, after } = figures.residentMiB
  if (!json) {
    console.log(
      `${figures.scene}: ${before} MiB, at most ${most}, then ${after}, ${figures.keptMiB} kept; others ${figures.othersMs} ms; ${figures.told}`,
    )
  }
  ok(figures.keptMiB < KEPT_MIB, `${figures.scene}: ${figures.keptMiB} MiB are not given back`)
  ok(figures.othersMs < OTHERS_MS_MAX, `${figures.scene}: others wait ${figures.othersMs} ms`)
}
if (json) console.log(JSON.stringify(all))
if (page) writeFileSync(PAGE, pageWith(readFileSync(PAGE, 'utf8'), all))
