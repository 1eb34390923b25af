import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The units that users put in place. */
export const UNITS: string = join(import.meta.dirname, '..', '..', '..', 'examples', 'systemd')
/** Where the guide puts the script that they call. */
export const SCRIPT = '/usr/local/sbin/msgq-queues'

/** A setting of a unit. @throws it is not there exactly once. @see systemd.syntax(7) */
export function setting(unit: string, name: string): string {
  const lines = readFileSync(join(UNITS, unit), 'utf8').split('\n')
  const [value, ...others] = lines.flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []))
  if (value === undefined || others.length > 0) throw new Error(`${unit} does not have one ${name}=`)
  return value
}

/** The words of a command line: those in single quotes are one. */
export function commandWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
