import { cpSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { rolldown } from 'rolldown'

const ROOT = join(import.meta.dirname, '..', '..')
const COMPILED = join(ROOT, 'dist', 'src')
const PACKAGE = join(ROOT, 'dist', 'package')

/** What users import, by the name of its file in the package; `exports` of package.json names the same. */
const ENTRANCES: Readonly<Record<string, string>> = {
  index: 'index.js',
  abi: 'abi/index.js',
  engine: 'engine/index.js',
  image: 'image/index.js',
  conformance: 'conformance/index.js',
  transfer: 'transfer/index.js',
}

/**
 * What is started as a process or a thread. Code finds it by its name, beside itself: the package's files are in one
 * folder, and no two of these have one name.
 */
const STARTED: readonly string[] = [
  'cli/main.js',
  'cli/conformance/kernel-process-main.js',
  'cli/tour/kernel-child.js',
  'backends/kernel/wait-worker.js',
  'freezer/guard-main.js',
  'image/hash-worker.js',
  'supervisor/supervisor-main.js',
]

/**
 * All that `openNamespace('memory:')` loads is in one file beside the engine's: each file more costs it a millisecond.
 * A backend is apart from whoever else uses it, or what those load would come with it; what is started is in no group.
 */
const GROUPS = [
  { name: 'engine', test: /\/src\/(abi|engine)\// },
  { name: 'door', test: /\/src\/(contract|wire|host|queue|open|backends\/embedded)\// },
  { name: 'linux', test: /\/src\/linux\// },
  { name: 'daemon', test: /\/src\/backends\/daemon\// },
  { name: 'kernel', test: /\/src\/backends\/kernel\/(?!wait-worker)/ },
  { name: 'jetstream', test: /\/src\/backends\/jetstream\// },
]

/** Makes the package's few files of the many that tsc compiled. See docs/decisions/0030. */
async function bundle(): Promise<void> {
  rmSync(PACKAGE, { recursive: true, force: true })
  const started = STARTED.map((path): [string, string] => [basename(path, '.js'), path])
  const files = [...Object.entries(ENTRANCES), ...started].map(([name, path]) => [name, join(COMPILED, path)])
  await using build = await rolldown({
    input: Object.fromEntries(files),
    platform: 'node',
    external: (id) => !/^[./]/.test(id),
    onLog: (level, log, handle) => {
      // The door has `memory:` itself, so that its import there is none.
      if (log.code === 'INEFFECTIVE_DYNAMIC_IMPORT') return
      // What a bundler doubts is broken for a user.
      handle(level === 'warn' ? 'error' : level, log)
    },
  })
  await build.write({
    dir: PACKAGE,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'part-[name].js',
    codeSplitting: { groups: GROUPS },
  })
  // The inspector's page, which Vite builds, stands beside the server that reads it.
  cpSync(join(COMPILED, 'inspector', 'page'), join(PACKAGE, 'page'), { recursive: true })
}

await bundle()
