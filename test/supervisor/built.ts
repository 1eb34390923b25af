import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The source is not compiled with the tests. */
const SOURCE = join(import.meta.dirname, '..', '..', '..', 'test', 'supervisor', 'behaviour.c')

/** The ways in which programs come: how the same source is built, and which packages that needs. */
export const BUILDS = {
  dynamic: { flags: [], packages: ['build-essential'] },
  static: { flags: ['-static'], packages: ['build-essential'] },
  'i386, dynamic': { flags: ['-m32'], packages: ['build-essential', 'gcc-multilib'] },
  'i386, static': { flags: ['-m32', '-static'], packages: ['build-essential', 'gcc-multilib'] },
} as const

export type Build = keyof typeof BUILDS

/** The program of behaviour.c, built. It is removed at the end of the scope. */
export class Built implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'msgq-behaviour-'))

  /** @returns Its path. */
  program(build: Build): string {
    const path = join(this.#directory, build.replace(', ', '-'))
    execFileSync('cc', ['-O1', '-pthread', ...BUILDS[build].flags, '-o', path, SOURCE])
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true })
  }
}
