/** `npm run soak -- [--minutes 20] [--seed S] [--json]`: mixed load on a daemon; says whether what it takes is flat at the end. */
import { parseArgs } from 'node:util'
import { freshSeed } from '../oracle/random.ts'
import type { Point } from './judge.ts'
import { TOLERANCES } from './judge.ts'
import { soak } from './soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
const say = (line: string) => {
  if (!values.json) console.log(line)
}
say(`seed ${seed}`)
const report = await soak(seed, Number(values.minutes), (point) => say(lineOf(point)))
if (values.json) console.log(JSON.stringify(report))
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
