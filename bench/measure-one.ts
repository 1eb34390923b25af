/** One comparison in a process of its own, so that none is measured with what another has left. Prints one line of JSON. */
import { figure, type Setting } from './comparison.ts'
import { COMPARISONS } from './comparisons.ts'
import { type Growth, measureGrowth } from './growth.ts'
import { GROWTH_NAME, type Outcome } from './run.ts'

const [name = '', setting = '{}'] = process.argv.slice(2)
process.stdout.write(`${JSON.stringify(await measure(name, JSON.parse(setting) as Setting))}\n`)

async function measure(name: string, setting: Setting): Promise<Outcome | Growth[]> {
  if (name === GROWTH_NAME) return measureGrowth(setting)
  const comparison = COMPARISONS.find((each) => each.name === name)
  if (comparison === undefined) throw new Error(`there is no comparison ${name}`)
  const measured = await comparison.measure(setting)
  const { ratios, of, ...times } = measured
  return { figure: figure(comparison, measured), ...times }
}
