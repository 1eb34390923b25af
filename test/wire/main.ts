/** `npm run fuzz -- --seed 7 --count 1000000`: mutated bytes and noise for every decoder of src/wire. */
import { parseArgs } from 'node:util'
import { fuzzAll } from './fuzz.ts'

const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string' } } })
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}`)
for (const line of fuzzAll(seed, Number(values.count ?? 100_000))) console.log(line)
