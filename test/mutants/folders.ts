import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** What is mutated, and by which tests the mutants must be killed: those that need no other process, nor minutes. */
export interface MutatedFolder {
  readonly name: string
  readonly path: string
  /** Paths of folders and files of tests. */
  readonly tests: readonly string[]
}

export const MUTATED: readonly MutatedFolder[] = [
  {
    name: 'abi',
    path: 'src/abi',
    tests: [
      'src/abi',
      'src/engine',
      'src/wire',
      'src/contract',
      'src/image/image.test.ts',
      'test/conformance/memory.test.ts',
    ],
  },
  {
    name: 'engine',
    path: 'src/engine',
    tests: ['src/engine', 'src/queue', 'src/wire/state.test.ts', 'test/conformance/memory.test.ts', 'test/regressions'],
  },
  { name: 'wire', path: 'src/wire', tests: ['src/wire', 'src/backends/daemon/journalled-engine.test.ts'] },
  { name: 'image', path: 'src/image', tests: ['src/image', 'test/conformance/restored.test.ts'] },
  {
    name: 'journal',
    path: 'src/backends/daemon/journal',
    tests: [
      'src/backends/daemon/journal',
      'src/backends/daemon/journalled-engine.test.ts',
      'test/simulator/few-lives.test.ts',
    ],
  },
]

/** Tests that are not asked at all. */
export const LEFT_OUT: RegExp = new RegExp(
  [
    // They count what the tests before them did: alone they fail.
    'conformance counts its cases$',
    'were used in most cases$',
    // With as few runs as a mutant gets, it does not see enough to judge.
    'Chronicle tells of every message that came and went',
    // They write megabytes for each file that they damage or cut elsewhere.
    'more than a chunk > readImage',
    // It is about another process.
    'when its process is killed, and is free at once',
    // They would cost more than the budget of a mutant each.
    '^dist/src/engine/engine.test.js > apply ',
    '^dist/src/engine/messages/message-list.test.js > a list ',
    'TicketTable > holds many, and few again',
    'raised admit a message of a megabyte',
    // It makes every queue that can be, and finds nothing that fewer would not.
    'ENOSPC at 32768 queues',
  ].join('|'),
)

/**
 * Tests that cost most, and reach nearly everything of their folder: they are asked about mutants of the file alone beside
 * which they stand. Every other mutant must be killed by something quicker.
 */
const DEAR = [
  /is stopped at SESSION_ANSWERS_MAX/,
  /encodeState gives pieces of bounded size/,
  /queueChunks cut a deep queue/,
  /^dist.src.image.(replace|directory)\.test\.js > (a crash|a full disk|a power cut)/,
  /readImage reads a whole image at any moment/,
  /with any bit flipped$/,
  /every flipped bit of every file/,
  /reads every checkpoint, in whatever pieces/,
]

/** Whether a test is asked about mutants of a file, or of any file of a folder. */
export function isAsked({ id, file }: { readonly id: string; readonly file: string }, mutated: string): boolean {
  const beside = file.replace(/^dist\/|\.test\.js$/g, '').concat('.ts')
  return !DEAR.some((name) => name.test(id)) || mutated.endsWith(beside) || beside.startsWith(`${mutated}/`)
}

export function folderNamed(name: string): MutatedFolder {
  const folder = MUTATED.find((folder) => folder.name === name)
  if (folder === undefined) throw new Error(`no folder ${name}: ${MUTATED.map(({ name }) => name).join(', ')}`)
  return folder
}

/** The compiled tests of a folder, relative to the working directory. */
export function testFilesOf({ tests }: MutatedFolder): string[] {
  return tests.flatMap((path) => {
    if (path.endsWith('.test.ts')) return [compiled(path)]
    return readdirSync(join('dist', path), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  })
}

/** The compiled module that loads all of a folder. */
export function indexOf({ path }: MutatedFolder): string {
  return resolve('dist', path, 'index.js')
}

function compiled(path: string): string {
  return join('dist', path.replace(/\.ts$/, '.js'))
}
