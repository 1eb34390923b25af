/** `npm run mutants`: see `HELP`. */
import { join } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import { FLAG, readCommandLine, TEXT } from '../command-line.ts'
import { folderNamed, MUTATED, type MutatedFolder } from './folders.ts'
import { judge } from './judge.ts'

/** Nothing committed is in there, and a build leaves it alone. */
const REPORTS = 'node_modules/.cache/mutants'
const HELP = `npm run mutants -- [FOLDER…] [OPTION…]

Changes the code in one small place after the other, and asks whether a test notices. Prints the score of each folder; the
exit status is 1 when fewer than 90 of 100 are noticed, or one that is not is missing in test/mutants/survivors.txt.

  FOLDER        ${MUTATED.map(({ name }) => name).join(', ')}; default: all of them, half an hour on two processors
  --again       asks only about what changed since the last run, with its tests, and what that had not come to
  --only PART   asks about files whose name has this; of the others it says what the last run said
  --help        prints this

  npm run mutants -- engine wire
  npm run mutants -- journal --only supply`

const RUNNER = join(import.meta.dirname, 'runner.js')

process.exitCode = await main()

async function main(): Promise<number> {
  const config = { options: { again: FLAG, only: { ...TEXT, default: '' } }, allowPositionals: true } as const
  const { folders, choice } = readCommandLine(HELP, config, (choice, names) => ({
    folders: names.length === 0 ? MUTATED : names.map(folderNamed),
    choice,
  }))
  let failed = false
  for (const folder of folders) {
    const began = Date.now()
    const stryker = new Stryker(options(folder, choice))
    const verdict = judge(folder, await stryker.runMutationTest())
    console.log(`${verdict.lines.join('\n')}\n${folder.name}: ${Math.round((Date.now() - began) / 1_000)} s`)
    failed ||= !verdict.holds
  }
  return failed ? 1 : 0
}

/** As `HELP` has them. */
interface Choice {
  readonly again: boolean
  readonly only: string
}

function options(folder: MutatedFolder, { again, only }: Choice): ConstructorParameters<typeof Stryker>[0] {
  return {
    mutate: [`${folder.path}/**/*${only}*.ts`, `!${folder.path}/**/*.test.ts`],
    plugins: [RUNNER],
    testRunner: 'msgq',
    ignorers: ['words'],
    coverageAnalysis: 'perTest',
    // Nothing reads types in the sandbox, and mutants have none.
    buildCommand: 'tsc -p test/mutants/tsconfig.json',
    disableTypeChecks: false,
    // TypeScript 7 has no API that Stryker could read it with; nothing in it needs to change.
    tsconfigFile: 'tsconfig.none.json',
    ignorePatterns: ['dist', 'docs', 'bench', 'examples', 'src/page', 'src/inspector', 'src/supervisor'],
    reporters: ['json', 'progress-append-only', 'survivors', 'unfinished'],
    jsonReporter: { fileName: `${REPORTS}/${folder.name}.json` },
    incremental: true,
    force: !again,
    incrementalFile: `${REPORTS}/${folder.name}.incremental.json`,
    warnings: false,
    concurrency: 2,
    // A test that takes too long is ended by our runner, which knows how long it should take, and counts the processor's time:
    // where much else runs, an hour is not long.
    timeoutMS: 60 * 60_000,
    dryRunTimeoutMinutes: 120,
    mutatedFolder: folder.name,
  }
}
