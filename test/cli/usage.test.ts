import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { msgq } from './child.ts'

/** What is wrong, and what the user is told. */
const WRONG: readonly (readonly [words: readonly string[], told: RegExp])[] = [
  [[], /a command is missing\nhint: `msgq --help` lists them/],
  [['-n', 'memory:'], /a command is missing/],
  [['frobnicate'], /there is no command "frobnicate"\nhint: `msgq --help`/],
  [['recieve', '3'], /no command "recieve"\nhint: did you mean `msgq receive`\?/],
  [['stta', '3'], /did you mean `msgq stat`\?/],
  [['Copy', '3'], /did you mean `msgq copy`\?/],
  [['delete', '3'], /did you mean `msgq rm`\?/],
  [['list'], /did you mean `msgq ls`\?/],
  [['snapshot', 'dir'], /did you mean `msgq checkpoint`\?/],
  [['--frob', 'ls'], /there is no option --frob/],
  [['ls', '--jsno'], /there is no option --jsno\nhint: did you mean --json\?/],
  [['ls', '--json=yes'], /--json takes no value/],
  [['ls', '-n'], /-n needs a value\nhint: write -n URL/],
  [['-n', 'memory:', 'ls', 'extra'], /does not know what to do with "extra"\nhint: usage: msgq ls/],
  [['stat'], /stat needs more: QUEUE/],
  [['rm'], /rm needs more/],
  [['send', '3', 'a', 'b'], /"b"\nhint: usage: msgq send QUEUE \[TEXT\]/],
  [['-n', 'kafka:', 'ls'], /kafka: is not the URL of a namespace; use one of\nmemory:/],
  [['-n', 'memory:?colour=red', 'ls'], /there is no parameter colour/],
  [['-n', 'linux:?pid=x', 'ls'], /pid is the number of a process/],
  [['-n', 'memory:', 'stat', 'jobs'], /jobs does not name a queue\nhint: .*id.*key/],
  [['-n', 'memory:', 'stat', '2147483648'], /too large for a queue's id/],
  [['-n', 'memory:', 'stat', '0x1ffffffff'], /out of range\nhint: a key has 32 bits/],
  [['-n', 'memory:', 'stat', '0xZZ'], /key 0xZZ is not a whole number/],
  [['-n', 'memory:', 'rm', '0x0'], /IPC_PRIVATE and names no queue/],
  [['-n', 'memory:', 'create', '--key', '0'], /key 0 is IPC_PRIVATE/],
  [['-n', 'memory:', 'create', '--key', '4294967296'], /out of range/],
  [['-n', 'memory:', 'create', '--mode', '888'], /not a mode\nhint: .*octal/],
  [['-n', 'memory:', 'create', '--mode', '1777'], /not a mode/],
  [['-n', 'memory:', 'create', '--qbytes', '-1'], /--qbytes -1 is out of range/],
  [['-n', 'memory:', 'create', '--qbytes', '1.5'], /not a whole number/],
  [['-n', 'memory:', 'send', '0', 'x', '--type', '0'], /--type 0 is out of range\nhint: .*9223372036854775807/],
  [['-n', 'memory:', 'send', '0', 'x', '--type', '9223372036854775808'], /out of range/],
  [['-n', 'memory:', 'send', '0', 'x', '--type', 'one'], /not a whole number/],
  [['-n', 'memory:', 'send', '0', 'x', '--type'], /--type needs a value/],
  [['-n', 'memory:', 'send', '0', 'x', '--type', '--nowait'], /--type needs a value/],
  [
    ['-n', 'memory:', 'send', '0', 'x', '--type', '1', '-t', '2'],
    /--type is given more than once\nhint: write it once: --type N/,
  ],
  [['-n', 'memory:', 'ls', '--namespace=linux:'], /--namespace is given more than once/],
  [
    ['-n', 'memory:', 'restore', 'saved', '--only', '3', '--only', '4'],
    /--only is given more than once\nhint: write it once: --only QUEUE\.\.\./,
  ],
  [['-n', 'memory:', 'receive', '0', '--type', '-5'], /--type -5 is out of range/],
  [['-n', 'memory:', 'receive', '0', '--type', '1', '--at-most', '2'], /--type and --at-most exclude each other/],
  [['-n', 'memory:', 'receive', '0', '--count', '0'], /--count 0 is out of range/],
  [['-n', 'memory:', 'receive', '0', '--timeout', 'soon'], /not a time\nhint: it is in seconds/],
  [['-n', 'memory:', 'receive', '0', '--timeout', '-1'], /not a time/],
  [['-n', 'memory:', 'receive', '0', '--timeout', '9999999'], /not a time/],
  [['-n', 'memory:', 'receive', '0', '--timeout', '1', '--nowait'], /exclude each other/],
  [['-n', 'memory:', 'receive', '0', '--follow', '--nowait'], /exclude each other/],
  [['-n', 'memory:', 'receive', '0', '--follow', '--count', '2'], /exclude each other/],
  [['-n', 'memory:', 'copy', '0', '--raw', '--json'], /--raw and --json exclude each other/],
  [['-n', 'memory:', 'copy', '0', '-1'], /there is no option -1/],
  [['-n', 'memory:', 'copy', '0', 'first'], /INDEX first is not a whole number/],
  [['-n', 'memory:', 'copy', '0', '1', '--type', '1'], /INDEX and a type exclude each other/],
]

describe('msgq', () => {
  for (const [words, told] of WRONG) {
    test(`${['msgq', ...words].join(' ')} is a usage error: exit 2, and standard error says what is wrong`, () => {
      const { status, stdout, stderr } = msgq(words)
      match(stderr, told)
      equal(stdout, '')
      equal(status, 2)
    })
  }

  test('--json makes a usage error one JSON object on standard error', () => {
    const { status, stdout, stderr } = msgq(['--json', 'lss'])
    equal(status, 2)
    equal(stdout, '')
    deepEqual(JSON.parse(stderr), {
      code: 'ERR_MSGQ_USAGE',
      message: 'there is no command "lss"',
      hint: 'did you mean `msgq ls`?',
      exitCode: 2,
    })
  })

  test('takes the namespace from MSGQ_NAMESPACE, and --namespace before it', () => {
    equal(msgq(['ls'], { environment: { MSGQ_NAMESPACE: 'memory:' } }).status, 0)
    equal(msgq(['ls', '--namespace=memory:'], { environment: { MSGQ_NAMESPACE: 'kafka:' } }).status, 0)
    equal(msgq(['ls', '-nmemory:']).status, 0)
  })

  test('takes an option without a value twice as once', () => {
    equal(msgq(['--json', '-n', 'memory:', 'ls', '--json']).stdout, '[]\n')
  })
})
