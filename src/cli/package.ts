import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the installed package: the nearest above this file that has a package.json. Not the user's folder. */
export function packageDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory)
    if (parent === directory) throw new Error('assertion: msgq is not in a package')
    directory = parent
  }
  return directory
}

/** The command `msgq` as a program, for whoever starts it again. It stands beside this file, in the package too. */
export const MAIN: string = fileURLToPath(new URL('./main.js', import.meta.url))

/** The version of the installed package. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageDirectory(), 'package.json'), 'utf8')) as { version: string }
  return version
}
