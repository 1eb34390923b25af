/** `npm run soak`: see `HELP`. */
import { FLAG, positiveNumber, readCommandLine, TEXT, wholeNumber } from '../command-line.ts'
import { freshSeed } from '../oracle/random.ts'
import type { Point } from './judge.ts'
import { TOLERANCES } from './judge.ts'
import { soak } from './soak.ts'

const HELP = `npm run soak -- [OPTION…]

Mixed load on a daemon: restarts, images, clients that come and go. Says whether memory, descriptors, threads and the
journal are flat at the end; the exit status is 1 when they are not.

  --minutes N  default 20
  --seed S     of the load; default: a fresh one, which is printed
  --json       prints one object with all that was measured, and nothing else
  --help       prints this

  npm run soak -- --minutes 2`

const options = { minutes: { ...TEXT, default: '20' }, seed: { ...TEXT, default: String(freshSeed()) }, json: FLAG }
const { minutes, seed, json } = readCommandLine(HELP, { options }, ({ minutes, seed, json }) => ({
  minutes: positiveNumber('minutes', minutes),
  seed: wholeNumber('seed', seed),
  json,
}))
const say = (line: string) => {
  if (!json) console.log(line)
}
say(`seed ${seed}`)
const report = await soak(seed, minutes, (point) => say(lineOf(point)))
if (json) console.log(JSON.stringify(report))
say(
  `${report.clients} clients, ${report.calls} calls; started again in ${report.startsMs.map(Math.round).join(', ')} ms`,
)
for (const { name, factor, plus, reason } of TOLERANCES)
  say(`${name} may grow by ${Math.round((factor - 1) * 100)} % and ${plus}: ${reason}`)
for (const broken of report.broken) say(`not flat: ${broken}`)
if (report.broken.length === 0) say('flat')
process.exitCode = report.broken.length === 0 ? 0 : 1

function lineOf({
  life,
  seconds,
  heapBytes,
  bufferBytes,
  residentBytes,
  descriptors,
  threads,
  journalBytes,
}: Point): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  const memory = `heap ${mib(heapBytes)}, buffers ${mib(bufferBytes)}, resident ${mib(residentBytes)} MiB`
  return `${seconds} s, life ${life}: ${memory}; ${descriptors} descriptors, ${threads} threads; journal ${mib(journalBytes)} MiB`
}
