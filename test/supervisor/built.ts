import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The sources are not compiled with the tests. */
const SOURCES = join(import.meta.dirname, '..', '..', '..', 'test', 'supervisor')

/** The ways in which programs come: how the same source is built, and which packages that needs. */
export const BUILDS = {
  dynamic: { flags: [], packages: ['build-essential'] },
  static: { flags: ['-static'], packages: ['build-essential'] },
  'i386, dynamic': { flags: ['-m32'], packages: ['build-essential', 'gcc-multilib'] },
  'i386, static': { flags: ['-m32', '-static'], packages: ['build-essential', 'gcc-multilib'] },
} as const

export type Build = keyof typeof BUILDS

/** Programs of this folder, built. They are removed at the end of the scope. */
export class Built implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'msgq-behaviour-'))

  /** @returns Its path. */
  program(build: Build, source: 'behaviour' | 'dying' = 'behaviour'): string {
    const path = join(this.#directory, `${source}-${build.replace(', ', '-')}`)
    execFileSync('cc', ['-O1', '-pthread', ...BUILDS[build].flags, '-o', path, join(SOURCES, `${source}.c`)])
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true })
  }
}
