import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Finished, runProgram } from '../cli/child.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')

/** A user's folder with msgq installed in it from what `npm pack` makes: no repository is near. */
export class InstalledPackage implements Disposable {
  readonly #folder: string
  readonly tarball: Uint8Array

  /** Packs what is built, and installs it without what is optional, where npm finds neither a compiler nor a shell's tools. */
  constructor() {
    const above = join(tmpdir(), 'node_modules')
    if (existsSync(above)) throw new Error(`${above} is there: what is missing would be found in it`)
    this.#folder = mkdtempSync(join(tmpdir(), 'msgq-package-'))
    const packed = join(this.#folder, 'packed')
    mkdirSync(packed)
    // Without prepack: the tests run on what is built, which must not be built anew beneath them.
    succeeded(
      runProgram('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', packed], { folder: ROOT }),
    )
    const [name = ''] = readdirSync(packed)
    this.tarball = readFileSync(join(packed, name))
    mkdirSync(this.user)
    writeFileSync(join(this.user, 'package.json'), '{ "private": true, "type": "module" }')
    this.npmInstall('--omit=optional', join(packed, name))
  }

  /** The user's folder. */
  get user(): string {
    return join(this.#folder, 'user')
  }

  /** The package's own. */
  get home(): string {
    return join(this.user, 'node_modules', 'msgq')
  }

  /** `npm install` with scripts allowed, and with Node, npm and a shell as the only programs there are. */
  npmInstall(...words: readonly string[]): void {
    const programs = join(this.#folder, 'programs')
    mkdirSync(programs, { recursive: true })
    for (const program of ['node', 'npm', 'sh']) {
      rmSync(join(programs, program), { force: true })
      symlinkSync(program === 'node' ? process.execPath : whereIs(program), join(programs, program))
    }
    // Under `npm test` the settings of the repository would hold here too.
    const options = ['--ignore-scripts=false', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
    const environment = { PATH: programs }
    succeeded(runProgram('npm', ['install', ...options, ...words], { folder: this.user, environment }))
  }

  /** Runs a program of the user's, given as text. */
  runModule(code: string): Finished {
    return runProgram(process.execPath, ['--input-type=module', '--eval', code], { folder: this.user })
  }

  /** The command that npm has put into the user's path. */
  get command(): string {
    return join(this.user, 'node_modules', '.bin', 'msgq')
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** What a program printed. @throws {Error} it failed. */
export function succeeded({ status, stdout, stderr }: Finished): string {
  if (status !== 0) throw new Error(`status ${status}: ${stderr || stdout}`)
  return stdout
}

function whereIs(program: string): string {
  const { PATH = '' } = process.env
  // npm puts folders in front that need not be there.
  const found = PATH.split(delimiter).find((folder) => existsSync(join(folder, program)))
  if (found !== undefined) return join(found, program)
  throw new Error(`there is no ${program} in PATH`)
}
