import { equal } from 'node:assert/strict'
import { type Finished, MSGQ, type RunOptions } from '../cli/child.ts'
import { PrivateNamespace } from '../cli/private-namespace.ts'

/** What a program did on the kernel's queues, and what it did under `msgq run`. */
export interface BothWays {
  readonly kernel: Finished
  readonly ours: Finished
}

/** Runs a program on the kernel's queues and over a namespace of ours, both fresh; the kernel must see nothing of ours. */
export async function bothWays(
  program: string,
  words: readonly string[],
  options: RunOptions & { readonly run?: readonly string[] } = {},
): Promise<BothWays> {
  await using first = await PrivateNamespace.open()
  await using second = await PrivateNamespace.open()
  const kernel = first.run(program, words, options)
  const given = [MSGQ, 'run', ...(options.run ?? []), '--', program, ...words]
  const ours = second.run(process.execPath, given, options)
  // Its first lines are there without any queue too.
  equal(second.run('ipcs', ['-q']).stdout.trim().split('\n').length, 2, 'the kernel has queues of ours')
  return { kernel, ours }
}

/** The same, which must have told the same; @returns what it told. */
export async function sameBothWays(
  program: string,
  words: readonly string[],
  options: RunOptions & { readonly told?: (text: string) => string } = {},
): Promise<string> {
  const { told = (text) => text, ...rest } = options
  const { kernel, ours } = await bothWays(program, words, rest)
  equal(told(ours.stdout), told(kernel.stdout))
  equal(told(ours.stderr), told(kernel.stderr))
  equal(ours.status, kernel.status)
  return ours.stdout
}
