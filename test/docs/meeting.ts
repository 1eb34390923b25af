import { equal } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { MSGQ } from '../cli/child.ts'
import { PrivateNamespace } from '../cli/private-namespace.ts'
import { ServeProcess } from '../daemon/serve-process.ts'
import type { CodeBlock } from './markdown.ts'
import { type BlockProgram, promisedOutput } from './programs.ts'

/**
 * Whose queues the programs of a page meet in: the kernel's, or a daemon's, where those that know nothing of msgq are
 * under `msgq run`.
 */
export type MeetingPlace = 'linux:' | 'unix:'

/** A language of programs that know nothing of msgq. */
interface Language {
  readonly debianPackages: readonly string[]
  /** The words that run a program, before its code. Whatever the language warns of is on standard error. */
  readonly words: readonly string[]
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  php: {
    debianPackages: ['php-cli'],
    words: ['php', '-d', 'error_reporting=-1', '-d', 'display_errors=stderr', '-r'],
  },
  // Debian's own: another python3 that comes before it does not see Debian's modules.
  python: { debianPackages: ['python3-sysv-ipc'], words: ['/usr/bin/python3', '-W', 'always', '-c'] },
}

/** What a block of a page says of itself, when it meets others of its page in one namespace, in the page's order. */
export function meets({ words }: CodeBlock): boolean {
  return words.includes('meets')
}

/** The packages of Debian's that the programs of a page need. */
export function packagesOf(blocks: readonly CodeBlock[]): string[] {
  return blocks.flatMap(({ words: [language = ''] }) => LANGUAGES[language]?.debianPackages ?? [])
}

/** Runs the programs of a page one after the other in a namespace that is theirs; each must print what it says. */
export async function meet(
  place: MeetingPlace,
  page: string,
  blocks: readonly CodeBlock[],
  compiled: readonly BlockProgram[],
): Promise<void> {
  await using kernel = await PrivateNamespace.open()
  await using serve = place === 'unix:' ? await ServeProcess.start(['--durability', 'none']) : undefined
  const url = serve?.url ?? place
  for (const block of blocks) {
    const [program, ...words] = commandOf(page, block, url, compiled)
    const { status, stdout, stderr } = kernel.run(program, words)
    equal(stderr, '', `${page}:${block.line}`)
    equal(stdout.trim(), promisedOutput(block.code), `${page}:${block.line}`)
    equal(status, 0, `${page}:${block.line}`)
  }
}

function commandOf(
  page: string,
  block: CodeBlock,
  url: string,
  compiled: readonly BlockProgram[],
): [string, ...string[]] {
  const [name = ''] = block.words
  const language = LANGUAGES[name]
  if (language !== undefined) {
    const [program = '', ...words] = [...language.words, block.code]
    if (url === 'linux:') return [program, ...words]
    // Files that these programs open are not those of queues in /proc: nobody need look at each of them.
    return [process.execPath, MSGQ, 'run', '--no-proc', '-n', url, '--', program, ...words]
  }
  const file = compiled.find((each) => each.name === `${page}:${block.line}`)?.file
  if (file === undefined) throw new Error(`no program meets others in ${name}`)
  const elsewhere = file.replace(/\.js$/, '-elsewhere.js')
  writeFileSync(
    elsewhere,
    readFileSync(file, 'utf8').replace("'linux:'", () => `'${url}'`),
  )
  return [process.execPath, elsewhere]
}
