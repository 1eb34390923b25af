/** `npm run fuzz`: see `HELP`. */
import { FLAG, readCommandLine, TEXT, wholeNumber } from '../command-line.ts'
import { freshSeed } from '../oracle/random.ts'
import { fuzzAll } from '../wire/fuzz.ts'
import { fuzz } from './fuzz.ts'
import { PARSERS } from './parsers.ts'

const NAMES = PARSERS.map(({ name }) => name).join(', ')
const HELP = `npm run fuzz -- [OPTION…]

Gives every parser mutations of its corpus, in test/fuzz/corpus, and every codec of the wire mutations of what it writes.
What is neither understood nor refused ends it with an error.

  --parser NAME  this parser alone: ${NAMES}
  --count N      inputs for each, and fewer for those that take long; default 100000
  --seed S       of the mutations; default: a fresh one, which is printed
  --keep         adds what reaches new code to the corpus
  --help         prints this

  npm run fuzz -- --parser client-frame --count 1000`

const options = {
  parser: TEXT,
  count: { ...TEXT, default: '100000' },
  seed: { ...TEXT, default: String(freshSeed()) },
  keep: FLAG,
}
const {
  parser: only,
  count,
  seed,
  keep,
} = readCommandLine(HELP, { options }, ({ parser, count, seed, keep }) => {
  if (parser !== undefined && !PARSERS.some(({ name }) => name === parser))
    throw new RangeError(`there is no parser ${parser}, but ${NAMES}`)
  return { parser, count: wholeNumber('count', count), seed: wholeNumber('seed', seed), keep }
})
const parsers = PARSERS.filter(({ name }) => only === undefined || name === only)
console.log(`seed ${seed}`)
for (const parser of parsers) {
  const { inputs, refused, kept } = await fuzz(parser, { seed, count, keep })
  console.log(`${parser.name}: ${inputs} inputs, ${refused} refused; new code was reached ${kept} times`)
}
// Mutations of what the wire carries, each made of a value of its own.
if (only === undefined) for (const line of fuzzAll(seed, count)) console.log(line)
