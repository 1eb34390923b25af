import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MSGQ, msgq } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

describe('msgq metrics', () => {
  test('of an empty namespace prints the limits, with URL before or after the name', () => {
    const { status, stdout, stderr } = msgq(['metrics', 'memory:'])
    equal(stderr, '')
    equal(status, 0)
    match(stdout, /^# TYPE msgq_queues gauge\nmsgq_queues 0$/m)
    match(stdout, /^msgq_message_limit_bytes 8192$/m)
    equal(msgq(['-n', 'memory:', 'metrics']).stdout, stdout)
  })

  for (const [words, told] of [
    [['metrics', 'kafka:'], /kafka: is not a namespace/],
    [['-n', 'memory:', 'metrics', 'memory:'], /exclude each other/],
  ] as const) {
    test(`${words.join(' ')} is a usage error`, () => {
      const { status, stdout, stderr } = msgq(words)
      match(stderr, told)
      equal(stdout, '')
      equal(status, 2)
    })
  }

  test('of the kernel prints each queue’s depth, in valid exposition format', { skip: KERNEL_SKIPPED }, async () => {
    await using kernel = await PrivateNamespace.open()
    kernel.msgq(['create', '--key', '0x55', '--qbytes', '100'])
    kernel.msgq(['create'])
    kernel.msgq(['send', '0x55', 'hello'])
    const { status, stdout } = kernel.run(process.execPath, [MSGQ, 'metrics', 'linux:'])
    equal(status, 0)
    match(stdout, /^msgq_queue_messages\{id="0",key="0x00000055"\} 1$/m)
    match(stdout, /^msgq_queue_bytes\{id="0",key="0x00000055"\} 5$/m)
    match(stdout, /^msgq_queue_limit_bytes\{id="0",key="0x00000055"\} 100$/m)
    match(stdout, /^msgq_queue_messages\{id="1",key="0x00000000"\} 0$/m)
    match(stdout, /^msgq_queues 2$/m)
    ok(stdout.endsWith('\n'))

    const lines = stdout.trimEnd().split('\n')
    const grammar = /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"\\\n]*",?)+\})? \d+)$/
    deepEqual(
      lines.filter((line) => !grammar.test(line)),
      [],
    )
    // A name is told about once, before its samples, which stand together.
    const names = lines.map((line) => line.split(/[ {]/)[line.startsWith('#') ? 2 : 0])
    equal(names.filter((name, at) => name !== names[at - 1]).length, new Set(names).size)
  })
})
