import { join } from 'node:path'
import { readTree } from '../tidy/tree.ts'

export const ROOT: string = join(import.meta.dirname, '..', '..', '..')
/** Every committed file, by its path. */
export const TREE: ReadonlyMap<string, string> = readTree(ROOT)
/** README, and all that is written for users and for the next engineer. */
export const PAGES: ReadonlyMap<string, string> = new Map(
  [...TREE].filter(([path]) => path.endsWith('.md') && !path.startsWith('examples/')),
)
