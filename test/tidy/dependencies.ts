import type { Tree } from './tree.ts'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

interface Locked {
  readonly dev?: boolean
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  /** It stands elsewhere in the repository. */
  readonly link?: boolean
}

/**
 * Their script only looks for what is there already: koffi's library comes prebuilt in a package of its own, and all tests
 * run without the script (.npmrc). See docs/decisions/0002-koffi-is-optional.md.
 */
const NEEDS_NO_SCRIPT = new Set(['node_modules/koffi'])

/** What others install with us is pinned, is what it was when it was looked at, and runs nothing when it is installed. */
export function brokenDependencies(tree: Tree): string[] {
  const manifest = JSON.parse(tree.get('package.json') ?? '{}') as Manifest
  const lock = JSON.parse(tree.get('package-lock.json') ?? '{}') as { packages?: Record<string, Locked> }
  const { dependencies, optionalDependencies, devDependencies } = manifest
  const broken: string[] = []
  for (const [name, version] of Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies })) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) broken.push(`package.json: ${name} ${version}: write one version`)
  }
  for (const [path, locked] of Object.entries(lock.packages ?? {})) {
    const { dev = false, integrity, hasInstallScript = false, link = false } = locked
    // What stands in the repository itself has no hash.
    if (link || !path.includes('node_modules/')) continue
    if (integrity === undefined && !dev) broken.push(`package-lock.json: ${path} has no hash`)
    if (hasInstallScript && !dev && !NEEDS_NO_SCRIPT.has(path)) {
      broken.push(`package-lock.json: ${path} runs a script when msgq is installed`)
    }
  }
  return broken
}
