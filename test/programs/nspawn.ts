import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Finished, runProgram } from '../cli/child.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const CGROUPS = '/sys/fs/cgroup'
/** The cgroups that systemd-nspawn makes beside its own with --keep-unit, and leaves. */
const LEFT_CGROUPS = /^(payload|supervisor)$/
/** Between two looks at a file of the machine. */
const LOOK_AGAIN_MS = 50

/** Makes a copy of this machine's files whose changes are in memory, and are gone with the mount namespace. */
const MOUNT = `
  set -e
  place=$(mktemp -d)
  mount -t tmpfs tmpfs "$place"
  mkdir "$place/upper" "$place/work" "$place/machine"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$place/machine"
  rm -f "$place/machine/etc/fstab"
  mkdir -p "$place/machine/opt/msgq"
  echo "$place/machine"
  cat
`

/** A machine that starts, stops and loses its power: this one's files, with systemd as its first process. */
export class Machine implements AsyncDisposable {
  readonly #holder: ChildProcessWithoutNullStreams
  readonly #root: string

  private constructor(holder: ChildProcessWithoutNullStreams, root: string) {
    this.#holder = holder
    this.#root = root
  }

  static async make(): Promise<Machine> {
    const holder = spawn('unshare', ['--mount', 'sh', '-c', MOUNT])
    const [chunk] = await once(holder.stdout, 'data')
    const machine = new Machine(holder, String(chunk).trim())
    const msgq = `#!/bin/sh\nexec /opt/node /opt/msgq/dist/package/main.js "$@"\n`
    machine.write('/usr/local/bin/msgq', msgq, 0o755)
    return machine
  }

  /** Writes a file of the machine, folders above it too. */
  write(path: string, text: string, mode = 0o644): void {
    const script = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"'
    const { status, stderr } = this.#run(['sh', '-c', script, 'sh', this.#root + path, mode.toString(8)], text)
    if (status !== 0) throw new Error(stderr)
  }

  /** What a shell command prints that is run in the machine's files, by this machine. */
  read(command: string): string {
    return this.#run(['sh', '-c', `cd '${this.#root}' && ${command}`]).stdout
  }

  /** Starts the machine, and resolves when it has powered off. @param unit What it starts, beside the basic system. */
  async runUntilOff(unit: string): Promise<string> {
    const child = this.#boot(unit)
    const printed: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
    await once(child, 'close')
    return Buffer.concat(printed).toString()
  }

  /** Starts the machine, and cuts its power when a file has content. */
  async runUntilFile(unit: string, file: string): Promise<void> {
    const child = this.#boot(unit)
    const closed = once(child, 'close')
    while (this.#run(['test', '-s', this.#root + file]).status !== 0) {
      if (child.exitCode !== null) throw new Error(`it powered off, and there is no ${file}`)
      await setTimeout(LOOK_AGAIN_MS)
    }
    child.kill('SIGKILL')
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#holder, 'exit')
    this.#holder.stdin.end()
    await ended
    removeLeftCgroups(CGROUPS)
  }

  #boot(unit: string): ChildProcessWithoutNullStreams {
    const child = spawn('nsenter', [
      ...this.#enter(),
      'systemd-nspawn',
      ...['--quiet', `--directory=${this.#root}`, '--register=no', '--keep-unit', '--private-network'],
      ...[`--bind-ro=${ROOT}:/opt/msgq`, `--bind-ro=${process.execPath}:/opt/node`],
      ...['--boot', `systemd.unit=${unit}`, 'systemd.show_status=0', 'quiet'],
    ])
    child.stdin.end()
    return child
  }

  #run(command: readonly string[], input = ''): Finished {
    return runProgram('nsenter', [...this.#enter(), ...command], { input })
  }

  #enter(): string[] {
    return ['--target', String(this.#holder.pid), '--mount', '--root', '--']
  }
}

/** Why no such machine can be made here; `undefined` where it can. */
export function whyNoMachine(): string | undefined {
  if (spawnSync('systemd-nspawn', ['--version']).status !== 0) {
    return 'there is no systemd-nspawn (Debian package systemd-container)'
  }
  const script = `${MOUNT}\nsystemd-nspawn --quiet --directory="$place/machine" --register=no --keep-unit true`
  const { status, stderr, error } = spawnSync('unshare', ['--mount', 'sh', '-c', script], {
    input: '',
    encoding: 'utf8',
  })
  removeLeftCgroups(CGROUPS)
  if (status === 0) return undefined
  return `this machine cannot run another one in itself: ${error?.message ?? stderr.trim()}`
}

/** Removes what systemd-nspawn left, where it is empty. */
function removeLeftCgroups(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    removeLeftCgroups(join(folder, entry.name))
    const isLeft = join(folder, entry.name)
      .slice(CGROUPS.length)
      .split('/')
      .some((name) => LEFT_CGROUPS.test(name))
    if (isLeft) removeIfEmpty(join(folder, entry.name))
  }
}

/** A cgroup that is in use is another container's. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) throw error
  }
}
