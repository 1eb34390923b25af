import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CodeBlock } from './markdown.ts'

const RUN_TIMEOUT_MS = 60_000

/** A block of a page, as a program. */
export interface BlockProgram {
  /** The page and the line. */
  readonly name: string
  readonly block: CodeBlock
  readonly file: string
}

/**
 * Writes the ```ts blocks of pages as programs inside the package, where `msgq` means what it means to a user: the
 * package's own exports. Errors of the compiler name the line of the page.
 */
export function writePrograms(
  root: string,
  blocks: readonly (readonly [page: string, block: CodeBlock])[],
): { folder: string; programs: BlockProgram[] } {
  const folder = join(root, 'dist', 'docs-programs')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const programs = blocks.map(([page, block]): BlockProgram => {
    const file = `${page.replace(/\W+/g, '-')}-${block.line}`
    writeFileSync(join(folder, `${file}.ts`), `${'\n'.repeat(block.line - 1)}${block.code}\nexport {}\n`)
    return { name: `${page}:${block.line}`, block, file: join(folder, 'out', `${file}.js`) }
  })
  const tsconfig = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      rootDir: '.',
      outDir: 'out',
      declaration: false,
      isolatedDeclarations: false,
      sourceMap: false,
      noUnusedLocals: false,
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    include: ['*.ts'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
  return { folder, programs }
}

/** Compiles the programs of a folder. Returns what the compiler says against them; nothing when all is well. */
export function compile(root: string, folder: string): string {
  try {
    execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { encoding: 'utf8', stdio: 'pipe' })
    return ''
  } catch (error) {
    if (error instanceof Error && 'stdout' in error) return String(error.stdout)
    throw error
  }
}

/** Runs a program, and returns what it printed. @throws It failed. */
export async function run(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: RUN_TIMEOUT_MS })
  return stdout.trim()
}

/** What a program says that it prints: the comments `// → …`, of Python `# → …`, in order. */
export function promisedOutput(code: string): string {
  return [...code.matchAll(/(?:\/\/|#) → (.*)$/gm)].map(([, line]) => line).join('\n')
}
