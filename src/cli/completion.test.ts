import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { COMMANDS } from './commands/index.ts'
import { wantedAt } from './completion.ts'

const FILES = 'files'
const NOTHING = ''

/** What fits at the last word, in short. */
function wanted(words: readonly string[], defaultUrl?: string): string {
  const { candidates, queuesOf, files, before = '' } = wantedAt(words, COMMANDS, defaultUrl)
  const fitting = candidates.map(({ word }) => `${before}${word}`).filter((word) => word.startsWith(words.at(-1) ?? ''))
  return [...(queuesOf === undefined ? [] : [`queues of ${queuesOf}`]), ...fitting, ...(files ? [FILES] : [])].join(' ')
}

describe('wantedAt', () => {
  for (const [line, expected] of [
    ['c', 'create copy cp checkpoint cluster conformance completion'],
    ['-n memory: li', 'limits'],
    ['h', 'help'],
    ['help li', 'limits'],
    ['help limits l', NOTHING],
    ['frobnicate l', NOTHING],
    ['--j', '--json'],
    ['ls --', '--namespace --json --help --version'],
    ['send 3 --n', '--ndjson --nowait --namespace'],
    ['send 3 -t', '-t'],
    ['send -- --n', NOTHING],
    ['-n l', 'linux: linux:?pid='],
    ['--namespace m', 'memory:'],
    ['ls --namespace=m', '--namespace=memory:'],
    ['ls --json=m', NOTHING],
    ['-n linux: stat ', 'queues of linux:'],
    ['stat -nlinux: ', 'queues of linux:'],
    ['--namespace=linux:?pid=7 rm 3 4 ', 'queues of linux:?pid=7'],
    ['-n linux: send --type 7 ', 'queues of linux:'],
    ['-n linux: send -t7 ', 'queues of linux:'],
    ['-n linux: send --type ', NOTHING],
    ['-n linux: send --json ', 'queues of linux:'],
    ['-n linux: send 3 ', NOTHING],
    ['-n linux: send --file ', FILES],
    ['send --file=', FILES],
    ['-n linux: stat 3 ', NOTHING],
    ['stat ', NOTHING],
    ['checkpoint ', FILES],
    ['restore saved --only ', NOTHING],
    ['-n linux: restore saved --only ', 'queues of linux:'],
    ['receive 3 --spool ', FILES],
    ['image ', 'show diff convert'],
    ['image diff a ', FILES],
    ['metrics l', 'linux: linux:?pid='],
    ['mv ', 'memory: linux: linux:?pid= unix: nats://'],
    ['mv linux: ', 'queues of linux:'],
    ['mv linux: 3 m', 'memory:'],
    ['mv linux: 3 linux:?pid=7 ', 'queues of linux:?pid=7'],
    ['-n memory: cp 3 ', 'queues of memory: memory: linux: linux:?pid= unix: nats://'],
    ['top --sort s', 'sent sending'],
    ['serve --durability=n', '--durability=none'],
    ['completion ', 'bash zsh fish'],
  ] as const) {
    test(`msgq ${line}⇥ offers ${expected === '' ? 'nothing' : expected}`, () =>
      equal(wanted(line.split(' ')), expected))
  }

  test('takes the namespace of MSGQ_NAMESPACE where the line names none', () => {
    equal(wanted(['stat', ''], 'linux:'), 'queues of linux:')
    equal(wanted(['-n', 'memory:', 'stat', ''], 'linux:'), 'queues of memory:')
    equal(wanted(['stat', ''], ''), NOTHING)
  })

  test('tells of each candidate what help tells', () => {
    const { candidates } = wantedAt(['copy', '--ra'], COMMANDS, undefined)
    deepEqual(
      candidates.find(({ word }) => word === '--raw'),
      { word: '--raw', does: 'print the payload alone, byte for byte, with nothing between messages' },
    )
  })
})
