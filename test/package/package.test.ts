import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { runProgram } from '../cli/child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from '../cli/private-namespace.ts'
import { skippedWithout } from '../programs-needed.ts'
import { readTree, sources } from '../tidy/tree.ts'
import { InstalledPackage, succeeded } from './installed.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
/** The entry's own file, the door's, the engine's and the name of the embedded backend. */
const DOOR_FILES_MOST = 4

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly bin: Readonly<Record<string, string>>
  readonly man: readonly string[]
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}

describe('the package, installed where there is nothing but Node and npm', () => {
  let installed: InstalledPackage
  let manifest: Manifest

  before(() => {
    installed = new InstalledPackage()
    manifest = JSON.parse(readFileSync(join(installed.home, 'package.json'), 'utf8')) as Manifest
  })

  after(() => installed[Symbol.dispose]())

  test('neither it nor what it brings has an install script, but koffi, which works without', () => {
    const lock = JSON.parse(readFileSync(join(installed.user, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>
    }
    const packages = Object.entries(lock.packages)
    ok(packages.some(([name]) => name === 'node_modules/msgq'))
    // Its library is prebuilt: it is installed below with scripts refused, and makes calls.
    deepEqual(
      packages.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([name]) => name),
      ['node_modules/koffi'],
    )
  })

  test('publint finds nothing', async () => {
    deepEqual((await publint({ pkgDir: installed.home, strict: true, pack: false })).messages, [])
  })

  test('arethetypeswrong finds nothing for an ESM package', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(installed.tarball))
    ok(analysis.types !== false)
    // What ESM alone cannot have: resolution without `exports`, as before Node 12, and types for require in CommonJS.
    const inherent = ['node10', 'node16-cjs']
    const problems = analysis.problems.filter(
      (problem) => !('resolutionKind' in problem && inherent.includes(problem.resolutionKind)),
    )
    deepEqual(problems, [])
  })

  test('has every file that package.json promises, and every file that code finds beside itself', () => {
    const entrances = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : [entry.types, entry.default],
    )
    const beside = [...sources(readTree(ROOT), ['src'], { withTests: false })].flatMap(([, text]) =>
      [...text.matchAll(/['`](\.[^'`$]*)(?:\.js|\$\{import\.meta\.url\.slice\(-3\)\})['`], import\.meta\.url/g)].map(
        ([, path = '']) => `dist/package/${path.slice(2)}.js`,
      ),
    )
    ok(beside.includes('dist/package/wait-worker.js') && beside.includes('dist/package/main.js'), beside.join())
    const promised = [...entrances, ...Object.values(manifest.bin), ...manifest.man, ...beside]
    deepEqual(
      promised.filter((path) => !existsSync(join(installed.home, path))),
      [],
    )
  })

  test('has no test, no source map and no source', () => {
    const files = readdirSync(installed.home, { recursive: true, encoding: 'utf8' }).filter(
      (path) => !path.startsWith('examples'),
    )
    deepEqual(
      files.filter((path) => /\.test\.|\.map$|(?<!\.d)\.tsx?$/.test(path)),
      [],
    )
    ok(files.length > 100)
  })

  /** The files that a program of the user's loads when it opens a namespace, whatever becomes of that. */
  const loadedFor = (url: string): string[] => {
    const { status, stdout, stderr } = installed.runModule(`
      import { register } from 'node:module'
      register('data:text/javascript,' + encodeURIComponent(\`
        export async function load(url, context, next) {
          process._rawDebug('loaded ' + url)
          return next(url, context)
        }\`))
      const { openNamespace } = await import('msgq')
      await openNamespace('${url}').then(() => console.log('opened'), ({ code }) => console.log(code))`)
    equal(status, 0, stderr)
    match(stdout, /^(opened|ERR_MSGQ_UNAVAILABLE)\n$/)
    return [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, file = '']) => file)
  }
  const isOurs = (file: string) => file.includes('/node_modules/msgq/dist/package/')

  test(`openNamespace('memory:') loads at most ${DOOR_FILES_MOST} files of msgq's own, and nothing else`, () => {
    const loaded = loadedFor('memory:')
    deepEqual(
      loaded.filter((file) => !isOurs(file)),
      [],
    )
    ok(loaded.length > 0 && loaded.length <= DOOR_FILES_MOST, loaded.join('\n'))
  })

  test('openNamespace loads no package for unix:, and for linux: and nats: nothing but their own', () => {
    for (const url of ['unix:/nowhere', 'linux:', 'nats://127.0.0.1:1/test']) {
      const loaded = loadedFor(url)
      ok(loaded.some(isOurs))
      deepEqual(
        loaded.filter((file) => !isOurs(file) && !file.startsWith('node:')),
        [],
        url,
      )
    }
  })

  test('require takes what import takes', () => {
    const code = "require('msgq').openNamespace('memory:').then((opened) => opened.msgget(0, 0o600)).then(console.log)"
    const { status, stdout, stderr } = runProgram(process.execPath, ['--eval', code], {
      folder: installed.user,
      environment: { NODE_OPTIONS: '--input-type=commonjs' },
    })
    equal(status, 0, stderr)
    equal(stdout, '0\n')
  })

  test('msgq conformance memory: passes, by the command that npm put into the path', () => {
    match(succeeded(runProgram(installed.command, ['conformance', 'memory:'])), /\d{3} passed, 0 failed/)
  })

  test('msgq serve, without koffi, serves its own user', () => {
    const home = join(installed.user, 'home')
    const environment = { HOME: home, XDG_STATE_HOME: join(home, 'state'), XDG_RUNTIME_DIR: home }
    const create = runProgram(installed.command, ['create', '--key', '7'], { environment })
    equal(succeeded(create), '0\n')
    equal(succeeded(runProgram(installed.command, ['send', '0', 'kept'], { environment })), '')
    match(succeeded(runProgram(installed.command, ['receive', '0'], { environment })), /kept/)
  })

  test('a namespace whose client is missing says which command installs it, and that command does', () => {
    const { peerDependencies, optionalDependencies } = manifest
    const named = (url: string) => {
      const { stdout } = installed.runModule(
        `import { openNamespace } from 'msgq'
        await openNamespace('${url}').catch(({ code, message }) => console.log(code, message))`,
      )
      const [, code, words = ''] = /^(ERR_MSGQ_UNAVAILABLE) .*`npm install ([^`]+)`/s.exec(stdout) ?? []
      equal(code, 'ERR_MSGQ_UNAVAILABLE', stdout)
      return words.split(' ')
    }
    deepEqual(named('nats://127.0.0.1:1/test').sort(), Object.keys(peerDependencies).sort())
    const missing = named('linux:')
    deepEqual(missing, Object.keys(optionalDependencies))
    // The version that npm takes is that of the day; the one that we know is taken here, so that a run can be repeated.
    installed.npmInstall('--ignore-scripts', ...missing.map((name) => `${name}@${optionalDependencies[name]}`))
    equal(succeeded(installed.runModule("console.log(typeof (await import('koffi')).default.load)")), 'function\n')
  })

  test('msgq conformance linux: and the tour run in an IPC namespace', { skip: KERNEL_SKIPPED }, async () => {
    await using kernel = await PrivateNamespace.open()
    const conformance = ['conformance', 'linux:', '--only', 'msgrcv MSG_EXCEPT']
    match(succeeded(kernel.run(installed.command, conformance)), /[1-9]\d* passed, 0 failed/)
    match(succeeded(kernel.run(installed.command, ['tour'])), /restored from the files: ids 0, 1 and 2 again/)
  })

  test('msgq run answers a program, by the supervisor that the package has', { skip: skippedWithout('perl') }, () => {
    const program = 'print msgget(7, 01600) // "none: $!"'
    equal(succeeded(runProgram(installed.command, ['run', '--', 'perl', '-e', program])), '0')
  })

  test('msgq inspect serves its page', async () => {
    const child = spawn(installed.command, ['--namespace', 'memory:', 'inspect'], { stdio: 'pipe' })
    try {
      const [line] = await once(createInterface(child.stdout), 'line')
      const [url = ''] = /http:\S+/.exec(String(line)) ?? []
      const { headers } = await fetch(url, { redirect: 'manual' })
      const cookie = headers
        .getSetCookie()
        .map((set) => set.split(';')[0])
        .join('; ')
      const page = await fetch(new URL('/', url), { headers: { cookie } })
      match(await page.text(), /<script[^>]* src="/)
    } finally {
      child.kill()
      await once(child, 'exit')
    }
  })
})
