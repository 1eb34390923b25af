import { ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'

/** The process that answers the calls of a program. */
export function supervisorOf(pid: number): number {
  const isIt = (each: string) => commandLine(each).startsWith(`msgq run: supervisor of ${pid}`)
  const found = readdirSync('/proc').find((each) => /^\d+$/.test(each) && isIt(each))
  ok(found !== undefined, `process ${pid} has no supervisor`)
  return Number(found)
}

/** What a process was started as, or calls itself; empty when it is gone. */
export function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    // Gone meanwhile.
    return ''
  }
}
