import { deepEqual, equal } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ALL_CAPABILITIES, capabilitiesIn, isCapable, maskIn, readThreadStatus } from './index.ts'

const status = (effective: string) =>
  readThreadStatus(`Name:\ta: b\nCapPrm:\t000001ffffffffff\nCapEff:\t${effective}\n`)

test('readThreadStatus has every line of /proc/PID/status by its name', () => {
  const own = readThreadStatus(readFileSync('/proc/self/status', 'latin1'))
  deepEqual([own.get('Tgid'), own.get('Uid')?.split('\t')[1]], [String(process.pid), String(process.geteuid?.())])
  equal(status('0').get('Name'), 'a: b')
})

test('capabilitiesIn, isCapable and maskIn read the bits of a mask; one that is not told has none', () => {
  deepEqual(capabilitiesIn(status('000001ffffffffff')), ALL_CAPABILITIES)
  deepEqual(capabilitiesIn(status('0000000000008000')), ['CAP_IPC_OWNER'])
  deepEqual(capabilitiesIn(status('0000010000200000')), ['CAP_SYS_ADMIN', 'CAP_CHECKPOINT_RESTORE'])
  deepEqual(capabilitiesIn(status('fffffeffffdf7fff')), ['CAP_SYS_RESOURCE'])
  deepEqual([isCapable(status('0000000000200000'), 21), isCapable(status('0000000000200000'), 22)], [true, false])
  equal(maskIn(status('8000000000000001'), 'CapEff'), 0x8000_0000_0000_0001n)
  for (const silent of [readThreadStatus(''), undefined]) {
    deepEqual([capabilitiesIn(silent), isCapable(silent, 0), maskIn(silent, 'CapEff')], [[], false, 0n])
  }
})
