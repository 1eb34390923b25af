/**
 * Runs the tests on every version of Node that msgq is for: `npm run nodes`. Words that name versions choose among them,
 * all others are for the files whose path has one: `npm run nodes -- node-22 conformance queue`. Versions are fetched when
 * they are not here.
 */
import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { fetchProgram, NODES } from './package/fetched-program.ts'

const RUN = join(import.meta.dirname, 'run.js')

process.exitCode = main(process.argv.slice(2))

function main(args: readonly string[]): number {
  const words = args.filter((word) => !NODES.some((name) => name === word))
  const named = NODES.filter((name) => args.includes(name))
  const chosen = named.length > 0 ? named : NODES
  const failed = chosen.filter((name) => {
    const node = fetchProgram(name)
    console.log(`\n${name}: ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
    // What a test starts by name is to be this version too, and what it compiles is to be for it.
    const { PATH = '' } = process.env
    const folder = dirname(node)
    const env = { ...process.env, PATH: `${folder}${delimiter}${PATH}`, npm_config_nodedir: dirname(folder) }
    return spawnSync(node, [RUN, ...words], { stdio: 'inherit', env }).status !== 0
  })
  console.log(failed.length === 0 ? `\npassed on ${chosen.join(', ')}` : `\nfailed on ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}
