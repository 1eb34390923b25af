import { equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const COMMANDS: Readonly<Record<string, string>> = {
  'npm test': 'run.js',
  'npm run bench': '../bench/main.js',
  'npm run bounds': 'bounds/main.js',
  'npm run fresh': 'fresh.js',
  'npm run fuzz': 'fuzz/main.js',
  'npm run long': 'long.js',
  'npm run mutants': 'mutants/main.js',
  'npm run nodes': 'nodes.js',
  'npm run oracle': 'oracle/main.js',
  'npm run plant': 'planted/main.js',
  'npm run scale': '../bench/scale.js',
  'npm run sim': 'simulator/main.js',
  'npm run soak': 'soak/main.js',
}

const run = (script: string, ...words: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, script), ...words], { encoding: 'utf8', timeout: 60_000 })

describe('the commands of this repository', () => {
  for (const [command, script] of Object.entries(COMMANDS)) {
    test(`${command} -- --help tells what it takes, and another option is refused in one line`, () => {
      const told = run(script, '--help')
      equal(told.status, 0)
      equal(told.stdout.slice(0, command.length + 3), `${command} --`)
      equal(told.stderr, '')
      const refused = run(script, '--nosuch')
      equal(refused.status, 2)
      equal(refused.stdout, '')
      match(refused.stderr, /^npm .*'--nosuch'.*--help.*\n$/)
    })
  }

  test('a number that is none, and a name that nothing has, are refused with what there is', () => {
    match(run('long.js', '--seed', 'x').stderr, /^npm run long: --seed is a whole number, 0 or more, not x; /)
    match(run('oracle/main.js', '--calls=').stderr, /^npm run oracle: --calls is a whole number, 0 or more, not ; /)
    match(run('long.js', '--seed', '-1').stderr, /^npm run long: .*'--seed'.* ambiguous; .*--help.*\n$/)
    match(run('soak/main.js', '--minutes', '0').stderr, /^npm run soak: --minutes is a number above 0, not 0; /)
    match(run('planted/main.js', '--only', 'x y z').stderr, /^npm run plant: no fault has x y z in its name, /)
    match(run('soak/main.js', 'five').stderr, /^npm run soak: Unexpected argument 'five'; /)
    match(run('simulator/main.js', '--of', 'x').stderr, /^npm run sim: --of is one of daemon, .*journal, not x; /)
    match(run('mutants/main.js', 'x').stderr, /^npm run mutants: no folder x: abi, .*journal; /)
    match(run('fuzz/main.js', '--parser', 'x').stderr, /^npm run fuzz: there is no parser x, but .*, /)
  })
})
