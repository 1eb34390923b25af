import { match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'

/** Opens the kernel's namespace after a prelude, and tells how that ended. */
function open(prelude: string): string {
  const script = `
    ${prelude}
    const { openKernelNamespace } = await import(${JSON.stringify(new URL('./index.js', import.meta.url).href)})
    try {
      process.stdout.write(openKernelNamespace().url)
    } catch (error) {
      process.stdout.write(error.code + ' ' + error.message)
    }
  `
  return execFileSync(process.execPath, ['--input-type=module', '-e', script]).toString()
}

describe('openKernelNamespace', () => {
  test('openKernelNamespace opens where there are queues', () => match(open(''), /^linux:$/))

  test('openKernelNamespace without koffi says which command installs it', () => {
    const output = open(`
      import Module from 'node:module'
      const resolve = Module._resolveFilename
      Module._resolveFilename = function (name, ...rest) {
        return resolve.call(this, name === 'koffi' ? 'koffi-is-not-here' : name, ...rest)
      }
    `)
    match(output, /^ERR_MSGQ_UNAVAILABLE .*npm install koffi.*memory:/)
  })

  test('openKernelNamespace on another system says where to go instead', () => {
    const output = open(`Object.defineProperty(process, 'platform', { value: 'darwin' })`)
    match(output, /^ERR_MSGQ_UNAVAILABLE .*darwin.*memory:/)
  })
})
