import { importsOf, resolveImport } from './source.ts'
import { isTest, sources, type Tree } from './tree.ts'

/** Each folder's floor: it imports from lower floors only. A new folder is entered here, and in ARCHITECTURE.md. */
export const FLOORS: ReadonlyMap<string, number> = new Map([
  ['src/abi', 0],
  ['src/linux', 1],
  ['src/engine', 1],
  ['src/contract', 2],
  ['src/wire', 2],
  ['src/image', 2],
  ['src/queue', 3],
  ['src/transfer', 3],
  ['src/conformance', 3],
  ['src/host', 3],
  ['src/backends/embedded', 4],
  ['src/backends/daemon', 4],
  ['src/backends/kernel', 4],
  ['src/backends/jetstream', 4],
  // What is shown of a namespace, as data, and the page that shows it: what both programs below have in them.
  ['src/view', 4],
  ['src/open', 5],
  ['src/page', 5],
  // What users import: a list of names, above all that they may name.
  ['src/index.ts', 6],
  ['src/inspector', 6],
  ['src/playground', 6],
  ['src/supervisor', 6],
  ['src/freezer', 6],
  ['src/cli', 7],
])

/** Run anywhere, a browser included: no module of Node's and no package. */
const IMPORTS_NO_MODULE = ['src/abi', 'src/engine']
/** Know the engine's words and, of its work, how messages are packed. See docs/decisions/0015. */
const WORDS_ALONE_FROM_ENGINE = ['src/contract', 'src/wire', 'src/image']
const PACKING = ['MessagePacker', 'cbytesOf', 'toldBy', 'viewsOf']
/** Where a package may be loaded; nowhere else. */
const LOADED_ONLY_BY: readonly (readonly [packageName: RegExp, folder: string])[] = [
  [/^koffi$/, 'src/linux'],
  [/^@nats-io\//, 'src/backends/jetstream'],
]

/** Tests that load a package themselves, each with its reason. */
const LOADED_ALSO_BY: ReadonlyMap<string, string> = new Map([
  ['test/oracle/raw.ts', 'being another user in one thread alone is for tests, and src/linux is only what ships'],
  ['test/jetstream/nats-accounts.ts', 'it signs what only a server and its operator have'],
  ['test/jetstream/raw-stream.ts', "it is what NATS's client does alone, to measure ours against"],
  ['test/package/package.test.ts', "it looks whether a user's program finds what it was told to install"],
  ['test/tidy/planted.test.ts', 'it plants what this rule must find'],
])

/** A file's folder as the table of floors has it. */
export function floorFolder(path: string): string {
  const [src = '', folder = '', inner = ''] = path.split('/')
  return folder === 'backends' ? `${src}/${folder}/${inner}` : `${src}/${folder}`
}

/** A folder imports from lower floors only, never from its own floor, and by their index. Unit tests may import anything. */
export function brokenFloors(tree: Tree): string[] {
  const broken: string[] = []
  for (const [path, text] of sources(tree, ['src'], { withTests: false })) {
    const folder = floorFolder(path)
    const floor = FLOORS.get(folder)
    if (floor === undefined) {
      broken.push(`${path}: ${folder} has no floor: enter it in FLOORS (test/tidy/floors.ts) and in ARCHITECTURE.md`)
      continue
    }
    for (const { specifier, values } of importsOf(text)) {
      const target = resolveImport(path, specifier)
      if (target === undefined) continue
      if (!tree.has(target)) broken.push(`${path}: imports ${specifier}, and there is no ${target}`)
      if (isTest(target)) broken.push(`${path}: imports ${target}, which is a test`)
      const other = floorFolder(target)
      if (other === folder) continue
      if ((FLOORS.get(other) ?? Number.POSITIVE_INFINITY) >= floor) {
        broken.push(`${path}: imports ${target}, which is no lower floor: imports only point down`)
      }
      const takesMore = values === undefined || values.some((name) => !PACKING.includes(name))
      if (WORDS_ALONE_FROM_ENGINE.includes(folder) && other === 'src/engine' && takesMore) {
        broken.push(`${path}: imports more from the engine than types and the packing of messages`)
      }
      if (tree.has(`${other}/index.ts`) && target !== `${other}/index.ts`) {
        broken.push(`${path}: imports ${target} past ${other}/index.ts`)
      }
    }
  }
  return broken
}

/** `import 'msgq'` loads no FFI: the kernel's backend is loaded by `openNamespace` when it is asked for. */
export function brokenEntrance(tree: Tree): string[] {
  const way = ['src/index.ts']
  for (const path of way) {
    if (path.startsWith('src/linux/')) return [`src/index.ts: loads ${path}, and koffi with it`]
    for (const { specifier, typesOnly, isLazy } of importsOf(tree.get(path) ?? '')) {
      const target = resolveImport(path, specifier)
      if (target !== undefined && !typesOnly && !isLazy && !way.includes(target)) way.push(target)
    }
  }
  return []
}

/** What only one folder may load, and who may load nothing. */
export function brokenModules(tree: Tree): string[] {
  const broken: string[] = []
  for (const [path, text] of sources(tree, ['src', 'test', 'examples'], { withTests: true })) {
    const folder = floorFolder(path)
    for (const [packageName, owner] of LOADED_ONLY_BY) {
      // Loading by require is loading too.
      const named = [...text.matchAll(/\b(?:from|import|require\w*)[\s(]*'([^'\n]+)'|\)\('([^'\n]+)'\)/g)]
      const loads = named.some(([, specifier, required]) => packageName.test(specifier ?? required ?? ''))
      if (loads && folder !== owner && !LOADED_ALSO_BY.has(path))
        broken.push(`${path}: loads ${packageName.source}, which only ${owner} may`)
    }
    if (isTest(path) || !IMPORTS_NO_MODULE.includes(folder)) continue
    for (const { specifier } of importsOf(text)) {
      if (specifier.startsWith('.')) continue
      broken.push(`${path}: imports ${specifier}: ${folder} imports no module, and runs in a browser`)
    }
  }
  return broken
}

/** `linux/` declares what Node lacks and decides nothing: it knows the words, how to load koffi, and nothing else. */
export function brokenLinux(tree: Tree): string[] {
  const broken: string[] = []
  for (const [path, text] of sources(tree, ['src/linux'], { withTests: false })) {
    for (const { specifier } of importsOf(text)) {
      if (specifier.startsWith('./') || specifier.startsWith('../abi/') || specifier === 'node:module') continue
      broken.push(`${path}: imports ${specifier}: src/linux is declarations alone`)
    }
  }
  return broken
}

/** No file imports itself by way of others; what is erased does not count. */
export function circularImports(tree: Tree): string[] {
  const edges = new Map<string, string[]>()
  for (const [path, text] of sources(tree, ['src', 'test', 'examples'], { withTests: true })) {
    const targets = importsOf(text)
      .filter(({ typesOnly }) => !typesOnly)
      .map(({ specifier }) => resolveImport(path, specifier))
    edges.set(
      path,
      targets.filter((target) => target !== undefined),
    )
  }
  const broken: string[] = []
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]) => {
    const start = way.indexOf(path)
    if (start >= 0) broken.push(`${[...way.slice(start), path].join(' → ')}: a circle of imports`)
    if (start >= 0 || done.has(path)) return
    for (const target of edges.get(path) ?? []) visit(target, [...way, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return broken
}
