/**
 * Runs the tests on every version of Node that msgq is for: `npm run nodes`, or `npm run nodes -- conformance queue` for
 * the files whose path has one of these words. Versions are fetched when they are not here.
 */
import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { fetchProgram, NODES } from './package/fetched-program.ts'

const RUN = join(import.meta.dirname, 'run.js')

process.exitCode = main(process.argv.slice(2))

function main(words: readonly string[]): number {
  const failed = NODES.filter((name) => {
    const node = fetchProgram(name)
    console.log(`\n${name}: ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
    // What a test starts by name is to be this version too, and what it compiles is to be for it.
    const { PATH = '' } = process.env
    const folder = dirname(node)
    const env = { ...process.env, PATH: `${folder}${delimiter}${PATH}`, npm_config_nodedir: dirname(folder) }
    return spawnSync(node, [RUN, ...words], { stdio: 'inherit', env }).status !== 0
  })
  console.log(failed.length === 0 ? `\npassed on ${NODES.join(', ')}` : `\nfailed on ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}
