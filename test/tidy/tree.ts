import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of the project by their path from its root, with forward slashes. */
export type Tree = ReadonlyMap<string, string>

/** What no commit holds. Source: .gitignore; and Git's own folder. */
const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.stryker-tmp'])

const TEXT = /\.(tsx?|md|json|txt|html|css|yml|yaml|svg)$|^[^.]+$|^\.[a-z]+$/

/** Reads the whole project; images and other binary files are there by name, without their text. */
export function readTree(root: string): Tree {
  const tree = new Map<string, string>()
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && !NOT_OURS.has(entry.name)) visit(path)
      if (entry.isFile()) tree.set(path, TEXT.test(entry.name) ? readFileSync(join(root, path), 'utf8') : '')
    }
  }
  visit('')
  return tree
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/')
}

/** The TypeScript files under some folders, tests left out on request. */
export function* sources(
  tree: Tree,
  folders: readonly string[],
  { withTests }: { withTests: boolean },
): Generator<[path: string, text: string]> {
  for (const [path, text] of tree) {
    if (!/\.tsx?$/.test(path) || !folders.some((folder) => path.startsWith(`${folder}/`))) continue
    if (withTests || !isTest(path)) yield [path, text]
  }
}
