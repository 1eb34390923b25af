import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MutantResult } from '@stryker-mutator/api/core'

/** The survivors that are known, each with why no test can, or need, kill it. */
const LIST = join(import.meta.dirname, '../../../test/mutants/survivors.txt')

/** Longest that code is quoted: a whole function says no more. */
const QUOTED_MAX = 60

/** A survivor as the list has it, without where it stands: lines move. */
export interface Survivor {
  readonly file: string
  /** The line of code that it begins in. */
  readonly line: string
  readonly change: string
}

export interface Listed extends Survivor {
  readonly reason: string
}

/** Two are the same when these are: mutants alike in one line are listed once. */
export function nameOf({ file, line, change }: Survivor): string {
  return [file, line, change].join(SEPARATOR)
}

const SEPARATOR = ' ¦ '

export function isSurvivor({ status }: MutantResult): boolean {
  return status === 'Survived' || status === 'NoCoverage'
}

export function survivorOf({ fileName, location, replacement = '' }: MutantResult): Survivor {
  const lines = readFileSync(fileName, 'utf8').split('\n')
  // Both count from 1.
  const { start, end } = location
  const whole = lines.slice(start.line - 1, end.line)
  whole.push((whole.pop() ?? '').slice(0, end.column - 1))
  whole.unshift((whole.shift() ?? '').slice(start.column - 1))
  return {
    file: fileName.slice(fileName.lastIndexOf('/src/') + 1),
    line: quoted(lines[start.line - 1] ?? ''),
    change: `${quoted(whole.join(' '))} → ${quoted(replacement)}`,
  }
}

/** Reads the list: a file's path on a line of its own, then its survivors, a line each: code ¦ change ¦ reason. */
export function listedSurvivors(text: string = readFileSync(LIST, 'utf8')): Listed[] {
  const listed: Listed[] = []
  let file = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('src/')) file = line
    if (!line.startsWith('  ')) continue
    const [code = '', change = '', reason = ''] = line.trim().split(SEPARATOR)
    listed.push({ file, line: code, change, reason })
  }
  return listed
}

function quoted(code: string): string {
  const words = code.trim().replace(/\s+/g, ' ')
  return words.length <= QUOTED_MAX ? words : `${words.slice(0, QUOTED_MAX)}…`
}
