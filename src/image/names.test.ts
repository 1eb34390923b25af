import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageNames, namespaceNumbers } from './names.ts'

test('imageNames names the three files of a namespace, whose number is an unsigned int', () => {
  assert.deepEqual(imageNames(0), { msg: 'ipcns-msg-0.img', var: 'ipcns-var-0.img', msgq: 'msgq-0.ndjson' })
  assert.equal(imageNames(2 ** 32 - 1).msg, 'ipcns-msg-4294967295.img')
  for (const number of [-1, 2 ** 32, 0.5, Number.NaN, 2 ** 60]) assert.throws(() => imageNames(number), RangeError)
})

test('namespaceNumbers finds the number of every image among files, each once, in rising order', () => {
  const names = ['msgq-12.ndjson', 'ipcns-var-9.img', 'ipcns-msg-9.img', 'ipcns-msg-100.img', 'msgq-4294967295.ndjson']
  assert.deepEqual(namespaceNumbers(names), [9, 12, 100, 4_294_967_295])
  const others = [
    ...['msgq-1.ndjson.new', 'ipcns-msg-1.img.old', 'xmsgq-1.ndjson', 'xipcns-msg-1.img', 'ipcns-sem-1.img'],
    ...['msgq-.ndjson', 'ipcns-msg-.img', 'ipcns-msg-1.ndjson', 'msgq-1.img', 'msgq-12345678901.ndjson'],
    ...['ipcns-msg-12345678901.img', 'ipcns-msg-1ximg', 'msgq-1xndjson', 'ipcns-msg-a.img', 'msgq-a.ndjson'],
  ]
  assert.deepEqual(namespaceNumbers(others), [])
})
