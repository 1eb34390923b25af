import { equal, match } from 'node:assert/strict'
import { statSync } from 'node:fs'
import { describe, test } from 'node:test'
import { msgq } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

const memory = (...words: string[]) => msgq(['--namespace', 'memory:', ...words])

describe('msgq set, limits and ftok:', () => {
  for (const [words, told] of [
    [['set', '0'], /set needs something to change\nhint: give --owner, --mode or --qbytes/],
    [['set', '0', '--owner', 'no-such-user'], /there is no user no-such-user/],
    [['set', '0', '--owner', 'root:no-such-group'], /there is no group no-such-group/],
    [['set', '0', '--owner', ':'], /: is not an owner\nhint: write USER/],
    [['set', '0', '--owner', '4294967295'], /out of range/],
    [['set', '0', '--mode', '9'], /not a mode/],
    [['limits', '--msgmax', '-1'], /--msgmax -1 is out of range/],
    [['stat', 'ftok:/tmp'], /ftok:\/tmp lacks its path or its PROJ/],
    [['stat', 'ftok:/tmp:AB'], /AB is not a PROJ/],
  ] as const) {
    test(`${words.join(' ')} is a usage error`, () => {
      const { status, stdout, stderr } = memory(...words)
      match(stderr, told)
      equal(stdout, '')
      equal(status, 2)
    })
  }

  test('set and ftok: of what is not there are told by their errno', () => {
    const gone = memory('set', '7', '--mode', '600')
    equal(gone.status, 1)
    match(gone.stderr, /^msgq: EINVAL: .*\nhint: no queue has id 7/)
    const { status, stderr } = memory('stat', 'ftok:/no/such/file:1')
    equal(status, 3)
    match(stderr, /^msgq: ENOENT: .*\/no\/such\/file/)
  })

  test('limits sets limits, and refuses what the kernel refuses', () => {
    const set = JSON.parse(memory('limits', '--msgmax', '65536', '--msgmnb', '0x100000', '--json').stdout)
    equal(set.msgmax, 65536)
    equal(set.msgmnb, 0x100000)
    equal(JSON.parse(memory('limits', '--next-id', '77', '--json').stdout).next_id, 77)
    const refused = memory('limits', '--msgmni', '32769')
    equal(refused.status, 1)
    match(refused.stderr, /^msgq: EINVAL: .*\nhint: .*msgmni from 0 to 32768/)
  })
})

describe('msgq set and ftok: on the kernel', { skip: KERNEL_SKIPPED }, () => {
  test('set changes what is named alone, as ipcs shows', async () => {
    await using kernel = await PrivateNamespace.open()
    kernel.msgq(['create', '--key', '0x55', '--mode', '640', '--qbytes', '100'])
    const { status, stdout, stderr } = kernel.msgq(['set', '0x55', '--owner', ':0', '--qbytes', '200'])
    equal(stderr, 'queue 0: owner root:root, mode 0640 rw-r-----, qbytes 200\n')
    equal(stdout, '')
    equal(status, 0)
    const after = JSON.parse(kernel.msgq(['set', '0', '--owner', 'nobody', '--mode', '600', '--json']).stdout)
    equal(after.qbytes, 200)
    equal(after.mode, 0o600)
    equal(after.gid, 0)
    match(kernel.run('ipcs', ['-q']).stdout, /^0x00000055 0 +nobody +600 /m)
    equal(kernel.msgq(['limits', '--msgmax', '9000']).status, 0)
    equal(kernel.run('cat', ['/proc/sys/kernel/msgmax']).stdout, '9000\n')
  })

  test('ftok: is the key that perl’s ftok gives, with a number and with a letter', async () => {
    await using kernel = await PrivateNamespace.open()
    // A device whose number is not 0 in its low byte, as a disk's can be.
    const other = '/dev/null'
    for (const [file, project, asNumber] of [
      [import.meta.filename, '1', 1],
      [import.meta.filename, 'A', 65],
      [other, '0x1ff', 255],
    ] as const) {
      const made = kernel.msgq(['create', '--key', `ftok:${file}:${project}`, '--json'])
      equal(made.stderr, '')
      const script = `use IPC::SysV qw(ftok); print ftok($ARGV[0], ${asNumber})`
      const { stdout } = kernel.run('perl', ['-e', script, file])
      equal(JSON.parse(made.stdout).key >>> 0, Number(stdout) >>> 0, `inode ${statSync(file).ino}`)
      equal(kernel.msgq(['stat', `ftok:${file}:${project}`]).status, 0)
    }
  })
})
