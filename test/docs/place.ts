import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Finished, MSGQ } from '../cli/child.ts'
import { PrivateNamespace } from '../cli/private-namespace.ts'

/** Between two looks at a state that nothing tells of. */
const LOOK_AGAIN_MS = 50
/** Longer than any command takes to begin. */
const PATIENCE_MS = 60_000

/** Gives a line a /dev/shm of its own: slots of `mv` are found there by the queue's name, which others may have too. */
const WITH_OWN_SPOOL = 'mount --bind "$0" /dev/shm && exec sh -c "$1"'

/** Where the commands of a page are run: the kernel's queues, a folder, a home, a spool and a daemon of their own. Root. */
export class Place implements AsyncDisposable {
  /** Where they are run, empty at first. */
  readonly folder: string
  readonly #home: string
  readonly #kernel: PrivateNamespace
  readonly #others: ChildProcess[] = []
  readonly #environment: NodeJS.ProcessEnv

  private constructor(kernel: PrivateNamespace) {
    this.#kernel = kernel
    this.#home = mkdtempSync(join(tmpdir(), 'msgq-docs-'))
    this.folder = join(this.#home, 'folder')
    for (const made of ['folder', 'bin', 'run', 'shm']) mkdirSync(join(this.#home, made), { mode: 0o700 })
    const { PATH = '' } = process.env
    this.#environment = {
      PATH: `${join(this.#home, 'bin')}${delimiter}${PATH}`,
      XDG_RUNTIME_DIR: join(this.#home, 'run'),
      XDG_STATE_HOME: join(this.#home, 'state'),
    }
    this.addProgram('msgq', `exec '${process.execPath}' '${MSGQ}' "$@"`)
    this.addProgram('sudo', 'exec "$@"')
  }

  static async open(): Promise<Place> {
    return new Place(await PrivateNamespace.open())
  }

  /** A program that commands find before this machine's of the same name. @param script For sh. */
  addProgram(name: string, script: string): void {
    writeFileSync(join(this.#home, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  /** Runs a line to its end. */
  run(line: string): Finished {
    const [program, ...words] = this.#wordsOf(line)
    return this.#kernel.run(program, words, { folder: this.folder, environment: this.#environment })
  }

  /** Starts a program that runs beside the commands until they have ended. @returns Its pid, once it has said something. */
  async startBeside(words: readonly [string, ...string[]]): Promise<number> {
    const child = this.#spawn(words)
    await once(child.stdout, 'data')
    return child.pid ?? 0
  }

  /** Runs a line that goes on for ever until it has said something, or something is so. @returns All that it said. */
  async runUntil(line: string, enough: RegExp | string): Promise<string> {
    const child = this.#spawn(this.#wordsOf(line))
    const ended = once(child, 'exit')
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    }
    const isEnough = () => (typeof enough === 'string' ? this.run(enough).status === 0 : enough.test(said))
    for (let waited = 0; !isEnough(); waited += LOOK_AGAIN_MS) {
      if (child.exitCode !== null || waited > PATIENCE_MS) throw new Error(`${line}: not ${enough}, but: ${said}`)
      await setTimeout(LOOK_AGAIN_MS)
    }
    // What Ctrl-C does at a terminal: whatever the line started hears of it.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await ended
    return said
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid = 0, exitCode, signalCode } of this.#others) {
      if (exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL')
    }
    this.#endDaemon()
    await this.#kernel[Symbol.asyncDispose]()
    rmSync(this.#home, { recursive: true })
  }

  #wordsOf(line: string): [string, ...string[]] {
    return ['unshare', '--mount', 'sh', '-c', WITH_OWN_SPOOL, join(this.#home, 'shm'), line]
  }

  #spawn([program, ...words]: readonly [string, ...string[]]): ChildProcessWithoutNullStreams {
    const child = spawn('nsenter', this.#kernel.entering(program, words), {
      cwd: this.folder,
      env: { ...process.env, MSGQ_NAMESPACE: '', ...this.#environment },
      detached: true,
    })
    this.#others.push(child)
    return child
  }

  /** The daemon says in the journal's lock who it is. */
  #endDaemon(): void {
    const lock = join(this.#home, 'state', 'msgq', 'lock')
    if (!existsSync(lock)) return
    const [, pid] = /^process (\d+)/.exec(readFileSync(lock, 'utf8')) ?? []
    if (pid !== undefined) process.kill(Number(pid), 'SIGKILL')
  }
}
