/**
 * `npm run fuzz -- [--parser NAME] [--seed S] [--count N] [--keep]`: mutations of a corpus for every parser, or one. With
 * `--keep` what reaches new code is added to the corpus.
 */
import { parseArgs } from 'node:util'
import { freshSeed } from '../oracle/random.ts'
import { fuzzAll } from '../wire/fuzz.ts'
import { fuzz } from './fuzz.ts'
import { PARSERS } from './parsers.ts'

const COUNT = 100_000

const option = { type: 'string' } as const
const { values } = parseArgs({
  options: { parser: option, seed: option, count: option, keep: { type: 'boolean', default: false } },
})
const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
const count = Number(values.count ?? COUNT)
const parsers = PARSERS.filter(({ name }) => values.parser === undefined || name === values.parser)
if (parsers.length === 0)
  throw new Error(`there is no ${values.parser}; there are ${PARSERS.map(({ name }) => name).join(', ')}`)
console.log(`seed ${seed}`)
for (const parser of parsers) {
  const { inputs, refused, kept } = await fuzz(parser, { seed, count, keep: values.keep })
  console.log(`${parser.name}: ${inputs} inputs, ${refused} refused; new code was reached ${kept} times`)
}
// Mutations of what the wire carries, each made of a value of its own.
if (values.parser === undefined) for (const line of fuzzAll(seed, count)) console.log(line)
