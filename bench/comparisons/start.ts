import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Comparison, Measured, Setting } from '../comparison.ts'
import { expect } from '../contender.ts'

/** What npm installs, not the tree of files that it is made of. */
const PACKAGE = join(import.meta.dirname, '..', '..', 'package', 'index.js')
const ROUNDS = 15

/**
 * Of a process that has just begun. Prints milliseconds, and what it received. It is a file: for a program on the command
 * line Node loads its own loader of modules first.
 */
const PROGRAM = `
  const start = performance.now()
  const { openNamespace } = await import('${pathToFileURL(PACKAGE)}')
  const namespace = await openNamespace('memory:')
  const ms = performance.now() - start
  const msqid = await namespace.msgget(0, 0o600)
  await namespace.msgsnd(msqid, { mtype: 1, mtext: new TextEncoder().encode('here') }, 0)
  const { mtext } = await namespace.msgrcv(msqid, 4, 0, 0)
  console.log(JSON.stringify({ ms, text: new TextDecoder().decode(mtext) }))
`

export const START: readonly Comparison[] = [
  {
    name: 'import-memory',
    work: "`import 'msgq'` and `openNamespace('memory:')`, in a process that has just begun",
    peer: { name: 'none', difference: 'Milliseconds until the namespace is open, beside what Node takes to begin.' },
    unit: 'milliseconds',
    requirements: [],
    atMost: 20,
    measure: importMemory,
  },
]

async function importMemory({ quick, scratch }: Setting): Promise<Measured> {
  const program = join(scratch, 'import-memory.mjs')
  writeFileSync(program, PROGRAM)
  const ratios: number[] = []
  for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
    const printed = execFileSync(process.execPath, [program], { encoding: 'utf8' })
    const { ms, text } = JSON.parse(printed) as { readonly ms: number; readonly text: string }
    expect(text === 'here', 'a message')
    ratios.push(ms)
  }
  return { ratios }
}
