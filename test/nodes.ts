/** `npm run nodes`: see `HELP`. */
import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { readCommandLine } from './command-line.ts'
import { fetchProgram, NODES } from './package/fetched-program.ts'

const RUN = join(import.meta.dirname, 'run.js')

const HELP = `npm run nodes -- [VERSION…] [WORD…]

Runs the tests on every version of Node that msgq is for, or on these: ${NODES.join(', ')}. With words, only the test files
whose path has one of them. A version that is not here is fetched. With CI=true missing programs are installed.

  npm run nodes
  npm run nodes -- node-22 conformance queue`

process.exitCode = main(readCommandLine(HELP, { allowPositionals: true }, (_, words) => words))

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
