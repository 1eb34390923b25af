import { BackendError, formatKey, type IpcNamespace, SyscallError } from '../../contract/index.ts'
import { openNamespace } from '../../open/index.ts'
import type { Candidate, Command } from '../command.ts'
import { wantedAt } from '../completion.ts'
import { COMPLETION_SCRIPTS } from '../completion-scripts.ts'
import { UsageError } from '../errors.ts'
import { allQueues } from '../queues.ts'
import { count } from '../words.ts'

/** `msgq completion bash|zsh|fish` */
export const completion: Command = {
  name: 'completion',
  summary: 'complete commands and queue ids with Tab',
  operands: 'SHELL',
  operandCount: { least: 1, most: Number.POSITIVE_INFINITY },
  firstOperands: Object.keys(COMPLETION_SCRIPTS).map((word) => ({ word, does: `the script for ${word}` })),
  options: {},
  needsNamespace: false,
  alsoKnownAs: ['completions', 'autocomplete', 'complete'],
  details: `Prints a script that makes the Tab key complete commands, options, URLs, files, and the ids and keys of the
queues that are there, in the namespace of --namespace or MSGQ_NAMESPACE. SHELL is bash, zsh or fish. Put the line of
the example into ~/.bashrc, ~/.zshrc (after compinit) or ~/.config/fish/config.fish. The script asks
\`msgq completion words -- WORD...\`, which prints what fits at the last WORD.`,
  examples: [
    { command: 'eval "$(msgq completion bash)"', does: 'in ~/.bashrc; for zsh the same with zsh' },
    { command: 'msgq completion fish | source', does: 'in config.fish' },
  ],
  async run({ operands: [shell = '', ...words] }, { output, commands, environment }) {
    const { MSGQ_NAMESPACE } = environment
    if (shell === 'words') return output.lines(...(await fitting(words, commands, MSGQ_NAMESPACE)))
    const script = Object.entries(COMPLETION_SCRIPTS).find(([name]) => name === shell)
    if (script === undefined) throw new UsageError(`there is no completion for ${shell}`, 'SHELL is bash, zsh or fish')
    if (words.length > 0) throw new UsageError('completion takes one SHELL', 'usage: msgq completion SHELL')
    await output.bytes(script[1])
  },
}

/** The lines for the script: each word that fits, what it does after a tab; or `:files`. */
async function fitting(
  words: readonly string[],
  commands: readonly Command[],
  defaultUrl: string | undefined,
): Promise<string[]> {
  const { candidates, queuesOf, files, before = '' } = wantedAt(words, commands, defaultUrl)
  if (files) return [':files']
  const queues = queuesOf === undefined ? [] : await queueCandidates(queuesOf)
  return [...queues, ...candidates]
    .map(({ word, does }) => ({ word: `${before}${word}`, does }))
    .filter(({ word }) => word.startsWith(words.at(-1) ?? ''))
    .map(({ word, does }) => `${word}\t${does}`)
}

/** Ids, and the keys of those that have one. Whoever presses Tab wants no error. */
async function queueCandidates(url: string): Promise<Candidate[]> {
  let namespace: IpcNamespace | undefined
  try {
    namespace = await openNamespace(url)
    const queues = await allQueues(namespace)
    return queues.flatMap(({ msqid, stat: { perm, qnum } }) => {
      const key = formatKey(perm.key)
      const holds = count(qnum, 'message')
      const byId = { word: String(msqid), does: `key ${key}, ${holds}` }
      return perm.key === 0 ? [byId] : [byId, { word: key, does: `id ${msqid}, ${holds}` }]
    })
  } catch (error) {
    if (error instanceof TypeError || error instanceof BackendError || error instanceof SyscallError) return []
    throw error
  } finally {
    await namespace?.close()
  }
}
