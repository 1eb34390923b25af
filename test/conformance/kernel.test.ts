import { test } from 'node:test'
import { kernelTarget } from '../../src/cli/conformance/kernel-target.ts'
import type { Target } from '../../src/conformance/index.ts'
import { BackendError } from '../../src/contract/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../src/linux/index.ts'
import { conformanceWithCounts } from './counts.ts'

const { CI } = process.env
const target = available()
if (typeof target === 'string') {
  // A machine that claims to test everything must have a kernel to test.
  if (CI !== undefined) throw new Error(target)
  test(`linux: conformance does not run here: ${target}`, { skip: target })
} else {
  conformanceWithCounts(target)
}

/** The kernel, or why there is none to be tested. */
function available(): Target | string {
  try {
    const target = kernelTarget()
    if (linuxCalls().unshare(CLONE_NEWIPC) !== 0) return 'a fresh IPC namespace needs CAP_SYS_ADMIN: run as root'
    return target
  } catch (error) {
    if (error instanceof BackendError) return error.message
    throw error
  }
}
