import os from 'node:os'
import { koffiVersion, syscallNumbers } from '../../linux/index.ts'
import { type Finding, limited, missing, ok } from './finding.ts'

/** The oldest Node that msgq is tested on. Source: package.json, `engines`. */
const NODE_LEAST = [20, 19] as const
/** The oldest major that is not past its end of life. */
const NODE_RECOMMENDED = 22
/** Before it there is no MSG_STAT_ANY, by which queues are listed. Source: msgctl(2), "MSG_STAT_ANY (since Linux 4.17)". */
const LINUX_LEAST = [4, 17] as const

/** What runs msgq: Node, the machine and its kernel, koffi. */
export function programFindings(): Finding[] {
  return [node(), machine(), ...(process.platform === 'linux' ? [koffi()] : [])]
}

function node(): Finding {
  const version = process.versions.node
  if (isOlder(version, NODE_LEAST)) {
    return limited('Node', version, `msgq is tested on ${NODE_LEAST.join('.')} and later: take ${NODE_RECOMMENDED}.`)
  }
  if (!isOlder(version, [NODE_RECOMMENDED, 0])) return ok('Node', version)
  return ok('Node', `${version}; its end of life has come, ${NODE_RECOMMENDED} or later is better`)
}

function machine(): Finding {
  const found = `${os.type()} ${os.release()} on ${process.arch}`
  const instead = '`memory:` runs here, and has the same behaviour.'
  if (process.platform !== 'linux') return missing('system', found, `The kernel's queues are Linux's alone. ${instead}`)
  try {
    syscallNumbers()
  } catch (error) {
    return missing('system', found, `${error instanceof Error ? error.message : error}. ${instead}`)
  }
  if (!isOlder(os.release(), LINUX_LEAST)) return ok('system', found)
  const why = `Linux before ${LINUX_LEAST.join('.')} does not list queues (MSG_STAT_ANY)`
  return limited('system', found, `${why}: ls, metrics, checkpoint and restore see none. Take a newer kernel.`)
}

function koffi(): Finding {
  try {
    return ok('koffi', `${koffiVersion()}, for ${process.platform}-${process.arch}`)
  } catch (error) {
    const found = error instanceof Error && error.cause instanceof Error ? firstLine(error.cause) : String(error)
    const advice = 'It makes the calls that Node lacks, and is an optional dependency: `npm install koffi` beside msgq.'
    return missing('koffi', found, advice)
  }
}

function firstLine({ message }: Error): string {
  return message.split('\n')[0] ?? message
}

/** Whether a version, `6.1.0-13-amd64` for instance, is before another. */
function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}
