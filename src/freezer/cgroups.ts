import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProc } from './processes.ts'

/** The cgroups of processes, of version 2. Source: Documentation/admin-guide/cgroup-v2.rst, "cgroup.freeze". */

/** The hierarchy of cgroups, as it is mounted here. */
interface Hierarchy {
  /** Which part of it is mounted, and where. */
  readonly root: string
  readonly folder: string
}

let known: readonly Hierarchy[] | undefined

/** None, or one: read once, it is mounted when the machine or the container starts. */
function hierarchies(): readonly Hierarchy[] {
  known ??= mountedHierarchies()
  return known
}

function mountedHierarchies(): Hierarchy[] {
  for (const line of (readProc('/proc/self/mountinfo') ?? '').split('\n')) {
    // Any number of optional fields, then a dash. Source: proc(5), /proc/pid/mountinfo.
    const [mount = '', source = ''] = line.split(' - ')
    const [, , , root = '', folder = ''] = mount.split(' ').map(unescaped)
    if (source.startsWith('cgroup2 ')) return [{ root, folder }]
  }
  return []
}

/** The folder of a process's cgroup; `undefined` when it has ended, or its cgroup is not mounted here. */
function folderOf(pid: number): string | undefined {
  const [, path] = /^0::(\/.*)$/m.exec(readProc(`/proc/${pid}/cgroup`) ?? '') ?? []
  // A path out of this process's cgroup namespace begins with dots.
  if (path === undefined || path.startsWith('/..')) return undefined
  const [hierarchy] = hierarchies()
  if (hierarchy === undefined) return undefined
  const { root, folder } = hierarchy
  if (root === '/') return join(folder, path)
  return path === root || path.startsWith(`${root}/`) ? join(folder, path.slice(root.length)) : undefined
}

/** Whether a process is frozen by its cgroup: it runs no more, although its threads seem to sleep. */
export function isFrozen(pid: number): boolean {
  const folder = folderOf(pid)
  return folder !== undefined && hasFrozen(folder)
}

/** Whether all processes of a cgroup have come to a stop. */
export function hasFrozen(folder: string): boolean {
  return /^frozen 1$/m.test(read(join(folder, 'cgroup.events')) ?? '')
}

/**
 * The cgroups that hold some of these processes and no others, cgroups inside them included: to freeze one stops whom
 * it should and nobody else. A cgroup inside another one of them is not named.
 */
export function wholeCgroups(pids: ReadonlySet<number>): string[] {
  const folders = new Set<string>()
  for (const pid of pids) {
    const folder = folderOf(pid)
    if (folder !== undefined) folders.add(folder)
  }
  const whole = [...folders].filter((folder) => holdsOnly(folder, pids))
  return whole.filter((folder) => !whole.some((other) => folder.startsWith(`${other}/`)))
}

function holdsOnly(folder: string, pids: ReadonlySet<number>): boolean {
  // A threaded cgroup does not tell its processes (EOPNOTSUPP). One outside of our PID namespace is 0.
  const procs = read(join(folder, 'cgroup.procs'))
  if (procs === undefined || !procs.split('\n').every((pid) => pid === '' || pids.has(Number(pid)))) return false
  return readdirSync(folder, { withFileTypes: true }).every(
    (entry) => !entry.isDirectory() || holdsOnly(join(folder, entry.name), pids),
  )
}

/** `undefined` for what cannot be read: such a cgroup is not used, and signals are. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Space, tab, newline and backslash are octal in mountinfo. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
