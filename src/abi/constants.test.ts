import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALL_CAPABILITIES, CAPABILITY_BIT } from './index.ts'

test('CAPABILITY_BIT has the bits of /proc/PID/status, one for each capability', () => {
  // Source: include/uapi/linux/capability.h.
  const bits = { CAP_IPC_OWNER: 15, CAP_SYS_ADMIN: 21, CAP_SYS_RESOURCE: 24, CAP_CHECKPOINT_RESTORE: 40 }
  assert.deepEqual(CAPABILITY_BIT, bits)
  assert.deepEqual([...ALL_CAPABILITIES].sort(), Object.keys(bits).sort())
})
