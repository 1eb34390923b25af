import { FLAG, readCommandLine, TEXT } from '../test/command-line.ts'

const HELP = `npm run bench -- [--only NAME]... [--quick] [--json] [--page]

Measures msgq side by side with the kernel and with what may be used instead, after checking that results are right.
What is not installed is skipped with its reason. The first run installs packages into bench/peers.

  --only NAME  only this figure; may be repeated
  --quick      only see that results are right: the figures mean nothing
  --json       print one array of { name, peer, ratio, low, high, unit }; npm run --silent prints nothing else
  --page       measure everything and the growth too, and put it into docs/performance.md
  --help       print this

  npm run bench -- --only pair-sync-8`

export interface Options {
  readonly only: readonly string[]
  readonly quick: boolean
  readonly json: boolean
  readonly page: boolean
}

/**
 * Reads the command line; where it is wrong the process ends.
 *
 * @param names The figures that there are.
 */
export function readOptions(names: readonly string[]): Options {
  const only = { ...TEXT, multiple: true, default: [] as string[] } as const
  const options = { only, quick: FLAG, json: FLAG, page: FLAG }
  return readCommandLine(HELP, { options }, (values) => {
    const unknown = values.only.filter((name) => !names.includes(name))
    if (unknown.length > 0) throw new Error(`there is no figure ${unknown.join(', ')}; there are ${names.join(', ')}`)
    if (values.page && (values.quick || values.only.length > 0)) {
      throw new Error('--page is of everything, measured in full: it goes with neither --only nor --quick')
    }
    return values
  })
}
