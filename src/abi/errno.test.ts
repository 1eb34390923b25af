import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getSystemErrorMap } from 'node:util'
import { ERRNO, ERRNO_MESSAGE, type ErrnoName, errnoName } from './index.ts'

/** What Node's table lacks. Source: include/uapi/asm-generic/errno.h; strerror(3). */
const NOT_IN_NODE: ReadonlyMap<string, readonly [number, string]> = new Map([
  ['ENOMSG', [42, 'no message of desired type']],
  ['EIDRM', [43, 'identifier removed']],
])

/** Where libuv's words are not strerror(3)'s. */
const STRERROR: ReadonlyMap<string, string> = new Map([
  ['EEXIST', 'file exists'],
  ['ENOMEM', 'cannot allocate memory'],
  ['EFAULT', 'bad address'],
])

const names = Object.keys(ERRNO) as ErrnoName[]

test('ERRNO and ERRNO_MESSAGE are what the machine has, or what Node lacks', {
  skip: process.platform !== 'linux',
}, () => {
  const ofNode = new Map([...getSystemErrorMap()].map(([errno, [name, message]]) => [name, { errno, message }]))
  for (const name of names) {
    const [errno, message] = NOT_IN_NODE.get(name) ?? []
    assert.equal(ERRNO[name], errno ?? -(ofNode.get(name)?.errno ?? 0), name)
    assert.equal(ERRNO_MESSAGE[name], message ?? STRERROR.get(name) ?? ofNode.get(name)?.message, name)
  }
})

test('errnoName names each errno, and no other', () => {
  for (const name of names) assert.equal(errnoName(ERRNO[name]), name)
  assert.equal(errnoName(0), undefined)
  assert.equal(errnoName(-ERRNO.EINVAL), undefined)
  assert.equal(errnoName(5), undefined)
})
