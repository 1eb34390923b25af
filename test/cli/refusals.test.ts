import { equal, match } from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { MSGQ } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups']
const WITHOUT_RESOURCE = ['--bounding-set', '-sys_resource']

describe('msgq, when the kernel says EPERM or EACCES,', { skip: KERNEL_SKIPPED || notRoot() }, () => {
  let kernel: PrivateNamespace
  before(async () => {
    kernel = await PrivateNamespace.open()
    equal(kernel.msgq(['create', '--mode', '640']).stdout, '0\n')
    equal(kernel.msgq(['create', '--mode', '600']).stdout, '1\n')
    equal(kernel.msgq(['set', '1', '--owner', 'nobody']).status, 0)
  })
  after(() => kernel[Symbol.asyncDispose]())

  for (const [who, setpriv, words, told] of [
    ['a stranger', NOBODY, ['rm', '0'], /EPERM: .*\nhint: it is for the queue's owner or creator, or CAP_SYS_ADMIN\n$/],
    ['a stranger', NOBODY, ['set', '0', '--mode', '666'], /\nhint: it is for the queue's owner or creator/],
    [
      'the owner',
      NOBODY,
      ['set', '1', '--qbytes', '16385'],
      /\nhint: msgmnb is 16384: qbytes of 16385 needs CAP_SYS_R/,
    ],
    ['root', WITHOUT_RESOURCE, ['set', '1', '--qbytes', '16385'], /\nhint: msgmnb is 16384: qbytes of 16385 needs/],
    [
      'a stranger',
      NOBODY,
      ['send', '0', 'x'],
      /EACCES: .*\nhint: sending needs write permission; .* 0:0 with mode 0640/,
    ],
    ['a stranger', NOBODY, ['copy', '0', '0'], /EACCES: .*\nhint: this needs read permission; .* is 65534:65534\n$/],
    [
      'a stranger',
      NOBODY,
      ['limits', '--msgmax', '1'],
      /EACCES: .*\nhint: only the namespace's root may set limits\n$/,
    ],
  ] as const) {
    test(`tells ${who} why ${words.join(' ')} was refused, and exits with 1`, () => {
      const { status, stdout, stderr } = kernel.run('setpriv', [
        ...setpriv,
        ...[process.execPath, MSGQ, '-n', 'linux:', ...words],
      ])
      match(stderr, told)
      equal(stdout, '')
      equal(status, 1)
    })
  }
})

function notRoot(): string | false {
  return process.geteuid?.() === 0 ? false : 'being another user needs root'
}
