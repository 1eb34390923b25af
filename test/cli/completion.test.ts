import { deepEqual, equal, match } from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { MSGQ, msgq, runProgram } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'
import { READS_LINE, Terminal } from './terminal.ts'

const CTRL_U = '\x15'
/** Presses of the Tab key after which a shell lists what fits. */
const LIST = { bash: '\t\t', zsh: '\t', fish: '\t' } as const
/** What is shown once the shell reads a line. */
const READS = { bash: READS_LINE, zsh: READS_LINE, fish: /# / } as const
const START = {
  bash: ['bash --norc --noprofile -i', `eval "$(msgq completion bash)"`],
  zsh: ['zsh -f -i', `autoload -U compinit; compinit -D -u; eval "$(msgq completion zsh)"`],
  fish: ['fish --no-config -i', 'msgq completion fish | source'],
} as const

describe('msgq completion', { skip: KERNEL_SKIPPED }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-completion-'))
  const { PATH } = process.env
  const environment = { PATH: `${join(directory, 'bin')}:${PATH}`, HOME: directory, HISTFILE: '' }
  let kernel: PrivateNamespace
  before(async () => {
    mkdirSync(join(directory, 'bin'))
    mkdirSync(join(directory, 'saved-queues'))
    writeFileSync(join(directory, 'bin', 'msgq'), `#!/bin/sh\nexec '${process.execPath}' '${MSGQ}' "$@"\n`)
    chmodSync(join(directory, 'bin', 'msgq'), 0o755)
    kernel = await PrivateNamespace.open()
    equal(kernel.msgq(['create', '--key', '0x4d53']).stdout, '0\n')
    equal(kernel.msgq(['create']).stdout, '1\n')
  })
  after(async () => {
    await kernel[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const missing = skipWithout(shell)
    test(`completion ${shell} has Tab complete commands, options, URLs, ids and files at a terminal`, {
      skip: missing,
    }, async () => {
      const [command, script] = START[shell]
      await using terminal = new Terminal(kernel, command, { environment, folder: directory })
      await terminal.until(READS[shell])
      // What is typed is shown as well, but not so.
      terminal.type(`${script}; echo rea""dy\r`)
      await terminal.until(/\bready\b/)
      const tab = async (typed: string, shown: RegExp, keys = '\t') => {
        terminal.type(`${typed}${keys}`)
        await terminal.until(shown)
        terminal.type(CTRL_U)
      }
      await tab('msgq lim', /limits/)
      await tab('msgq --ver', /--version/)
      await tab('msgq copy --ra', /--range.*--raw/s, LIST[shell])
      await tab('msgq image d', /diff/)
      await tab('msgq -n mem', /memory:/)
      await tab('msgq -n linux: stat ', /0x00004d53.*\b1\b|\b1\b.*0x00004d53/s, LIST[shell])
      await tab(`msgq -n 'linux:?pid=${kernel.pid}' rm 0x`, /0x00004d53/)
      await tab('msgq checkpoint saved-q', /saved-queues/)
    })
  }

  test('completion words prints what fits and what it does; nothing where nothing does, and of no namespace', () => {
    const words = (...typed: readonly string[]) =>
      kernel.run(process.execPath, [MSGQ, 'completion', 'words', '--', ...typed])
    deepEqual(words('-n', 'linux:', 'rm', '1', '').stdout.split('\n'), [
      '0\tkey 0x00004d53, 0 messages',
      '0x00004d53\tid 0, 0 messages',
      '1\tkey 0x00000000, 0 messages',
      '',
    ])
    equal(words('restore', '').stdout, ':files\n')
    for (const typed of [
      ['-n', 'linux:?pid=2147483646', 'rm', ''],
      ['-n', 'kafka:', 'rm', ''],
      ['rm', ''],
      ['frob', ''],
    ]) {
      const { status, stdout, stderr } = words(...typed)
      deepEqual([status, stdout, stderr], [0, '', ''])
    }
    equal(
      kernel.run(process.execPath, [MSGQ, 'completion', 'words', '--', 'stat', '0x'], {
        environment: { MSGQ_NAMESPACE: 'linux:' },
      }).stdout,
      '0x00004d53\tid 0, 0 messages\n',
    )
  })

  test('completion of another shell, or of two, is a usage error', () => {
    const { status, stderr } = msgq(['completion', 'tcsh'])
    match(stderr, /there is no completion for tcsh\nhint: SHELL is bash, zsh or fish/)
    equal(status, 2)
    equal(msgq(['completion', 'bash', 'zsh']).status, 2)
  })
})

function skipWithout(shell: string): string | false {
  const { CI } = process.env
  if (CI) return false
  const { status } = runProgram('sh', ['-c', `command -v ${shell} && command -v script`])
  return status === 0 ? false : `${shell} or script(1) is not installed (test/programs-needed.ts)`
}
