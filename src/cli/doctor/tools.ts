import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { spoolDirectory } from '../../transfer/index.ts'
import { makeRefusal, writeRefusal } from './access.ts'
import { type Finding, limited, ok } from './finding.ts'

const MEMORY = '/dev/shm'
/** A slot holds one message: far more than any msgmax that is in use. */
const SPOOL_LEAST_BYTES = 16 * 1024 * 1024

/** What checkpoints with `--freeze…` and moves use beside the queues. */
export function toolFindings(): Finding[] {
  return [freezer(), spool()]
}

/** Source: Documentation/admin-guide/cgroup-v2.rst, "cgroup.freeze". */
function freezer(): Finding {
  const name = 'freezer'
  const places = mountedCgroups()
  if (places.some(isFreezable)) return ok(name, 'whole cgroups can be stopped while a checkpoint is taken')
  const found = places.length === 0 ? 'no cgroups of version 2 here' : 'this user may not freeze cgroups'
  const advice =
    'Programs are stopped for a checkpoint by SIGSTOP, one by one; it does as well, but their parents, a shell for ' +
    'instance, see it. The freezer needs cgroups of version 2, mounted writable, and root.'
  return limited(name, found, advice)
}

/** Where cgroups of version 2 are mounted. Source: proc(5), /proc/pid/mountinfo. */
function mountedCgroups(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return mounts.filter((line) => / - cgroup2 /.test(line)).map((line) => line.split(' ')[4] ?? '')
}

/** The root has no freezer: a cgroup in it must be writable, or it must be possible to make one. */
function isFreezable(root: string): boolean {
  if (makeRefusal(root) === undefined) return true
  const inside = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return inside.some(({ name }) => writeRefusal(join(root, name, 'cgroup.freeze')) === undefined)
}

function spool(): Finding {
  const name = 'spool'
  const place = existsSync(MEMORY) ? MEMORY : dirname(spoolDirectory())
  const refusal = makeRefusal(place)
  if (refusal !== undefined) {
    return limited(name, `${place} is not writable (${refusal})`, 'mv from the kernel needs a place: mv --spool DIR.')
  }
  if (place !== MEMORY) {
    const advice = 'mv from the kernel uses a file on a disk, where a kill in the wrong moment could lose a message.'
    return limited(name, `there is no ${MEMORY}`, `${advice} Mount a tmpfs there, or name one: mv --spool DIR.`)
  }
  const { bavail, bsize } = statfsSync(place)
  const free = bavail * bsize
  if (free >= SPOOL_LEAST_BYTES)
    return ok(name, `${spoolDirectory()}, in memory, for messages that mv has in its hands`)
  const advice = 'mv from the kernel fails (ENOSPC) where a message does not fit: make room, or use mv --spool DIR.'
  return limited(name, `${place} has ${free} bytes left`, advice)
}
