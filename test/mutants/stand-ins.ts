/** Module hooks: what tests import as node:test and fast-check are our stand-ins. */
import type { ResolveHook } from 'node:module'

const STAND_INS: ReadonlyMap<string, string> = new Map([
  ['node:test', new URL('node-test.js', import.meta.url).href],
  ['fast-check', new URL('fast-check.js', import.meta.url).href],
])

export const resolve: ResolveHook = (specifier, context, next) => {
  const url = STAND_INS.get(specifier)
  // A stand-in may import what it stands for.
  if (url === undefined || url === context.parentURL) return next(specifier, context)
  return { url, shortCircuit: true }
}
