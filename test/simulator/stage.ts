import type { Network } from './network.ts'
import { enter } from './node-parts.ts'
import type { SimulatedProcess, World } from './world.ts'

/** Once nothing is broken any more, whatever is under way ends within: clients try for 30 s to come back, sessions last 60. */
const QUIET_MS_MAX = 300_000

/** What is told of a world from outside: it begins with the story, and ends with it. @throws what was wrong. */
export async function play(world: World, network: Network, story: () => Promise<void>): Promise<void> {
  const leave = enter(world, network)
  world.later(0, world.outside, 'begins', () => {
    story().then(
      () => world.finish(),
      (error: unknown) => world.fail(error),
    )
  })
  try {
    await world.run()
  } finally {
    leave()
  }
}

/** Makes something happen in a process; resolves outside, when that is done. */
export function ask<Value>(
  world: World,
  process: SimulatedProcess,
  what: string,
  does: () => Promise<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const outside = (run: () => void) => world.later(0, world.outside, `${what}: done`, run)
    world.later(0, process, what, () => {
      does().then(
        (value) => outside(() => resolve(value)),
        (error: unknown) => outside(() => reject(error)),
      )
    })
  })
}

/** Time passes, outside. */
export function delay(world: World, ms: number): Promise<void> {
  return new Promise((resolve) => {
    world.later(ms, world.outside, 'goes on', resolve)
  })
}

/** What must be done soon, now that nothing is broken. @throws it is not. */
export async function soon<Value>(world: World, done: Promise<Value>, what: string): Promise<Value> {
  let isLate = true
  const late = delay(world, QUIET_MS_MAX).then(() => {
    if (isLate) throw new Error(`${what}, ${QUIET_MS_MAX / 1000} s after all was well`)
    return done
  })
  const value = await Promise.race([done, late])
  isLate = false
  return value
}
