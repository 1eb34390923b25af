/** `npm run sim`: worlds of a seed, in which everything breaks. */
import { FLAG, positiveNumber, readCommandLine, TEXT, wholeNumber } from '../command-line.ts'
import { freshSeed } from '../oracle/random.ts'
import { runJournals } from './journal-life.ts'
import { KINDS, type Kind, LifeError, runLives } from './lives.ts'

const HELP = `npm run sim -- [OPTION…]

Runs a daemon with its clients, and a cluster's nodes with their programs, in a simulated world: one process, one seed, a
time of its own, and disks, networks, clocks and processes that break. Each life is a world with a seed of its own.

  --of KIND     daemon, cluster, nats or journal; default: daemon, cluster for a twelfth of the hours, nats for half of that
  --seed S      of the first life, and S+1 of the next; default: a fresh one, which is printed
  --hours H     of simulated time, after which no life is begun; default 24
  --lives N     so many lives, however long; of journals, which have no time, default 20000
  --trace       prints every event: with --lives 1
  --json        prints a line of JSON for each life, and one for all; of journals that one alone
  --help        prints this

A failure prints what happened last, what is wrong, and the command that repeats the life exactly. The same seed has the
same hash, on every machine.

  npm run sim -- --hours 1
  npm run sim -- --of nats --seed 2012 --lives 1 --trace`

const OF: readonly string[] = [...KINDS, 'journal']
/** Nodes look at their log all the time: an hour of theirs is as many events as many of a daemon's. */
const SHARE: Readonly<Record<Kind, number>> = { daemon: 1, cluster: 1 / 12, nats: 1 / 24 }
const JOURNALS = 20_000

const options = {
  of: TEXT,
  seed: { ...TEXT, default: String(freshSeed()) },
  hours: { ...TEXT, default: '24' },
  lives: TEXT,
  trace: FLAG,
  json: FLAG,
}
const asked = readCommandLine(HELP, { options }, ({ of, seed, hours, lives, trace, json }) => {
  if (of !== undefined && !OF.includes(of)) throw new RangeError(`--of is one of ${OF.join(', ')}, not ${of}`)
  const seeded = { of, seed: wholeNumber('seed', seed), hours: positiveNumber('hours', hours), trace, json }
  return { ...seeded, lives: lives === undefined ? undefined : wholeNumber('lives', lives) }
})
process.exitCode = await main()

async function main(): Promise<number> {
  const { of, seed, json } = asked
  const kinds = KINDS.filter((kind) => of === undefined || of === kind)
  if (!json) console.log(`seed ${seed}`)
  try {
    if (of === 'journal') await journals(seed)
    for (const kind of kinds) await lives(kind, seed, kinds.length > 1 ? SHARE[kind] : 1)
    return 0
  } catch (error) {
    if (json && error instanceof LifeError) {
      const { kind, seed: failed, events, cause } = error
      const why = cause instanceof Error ? cause.message : String(cause)
      console.log(JSON.stringify({ failed: { kind, seed: failed, why, events } }))
    } else console.error(error instanceof Error ? error.message : error)
    return 1
  }
}

async function lives(kind: Kind, seed: number, share: number): Promise<void> {
  const since = process.cpuUsage()
  const { hash, hours, events, counts, lives } = await runLives({
    kind,
    seed,
    ...(asked.lives === undefined ? { hours: asked.hours * share } : { lives: asked.lives }),
    ...(asked.trace && { onEvent: (line) => console.log(line) }),
    onLife: (lifeSeed, report) => {
      const { counts: _, ...short } = report
      if (asked.json) console.log(JSON.stringify({ kind, seed: lifeSeed, ...short }))
    },
  })
  const { user, system } = process.cpuUsage(since)
  const cpuSeconds = Math.round((user + system) / 1e5) / 10
  if (asked.json) {
    console.log(JSON.stringify({ kind, lives, hours, events, cpuSeconds, hash, counts: Object.fromEntries(counts) }))
    return
  }
  const seen = Array.from(counts, ([what, count]) => `${what} ${count}`).sort()
  console.log(`${kind}: ${lives} lives, ${hours.toFixed(2)} simulated hours, ${events} events, ${cpuSeconds} s of CPU`)
  console.log(`hash ${hash}: ${seen.join(', ')}`)
}

async function journals(seed: number): Promise<void> {
  const count = asked.lives ?? JOURNALS
  const covered = await runJournals(seed, count)
  const counts = Array.from(covered, ([what, times]) => `${what} ${times}`).sort()
  if (asked.json) console.log(JSON.stringify({ kind: 'journal', journals: count, counts: Object.fromEntries(covered) }))
  else console.log(`${count} journals kept what was durable (${counts.join(', ')})`)
}
