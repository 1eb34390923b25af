import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../oracle/random.ts'
import { type Operation, violations } from './history.ts'

const send = (value: string, invoked: number, returned = invoked + 1): Operation => ({
  kind: 'send',
  value,
  invoked,
  returned,
})
const receive = (value: string, invoked: number, returned = invoked + 1): Operation => ({
  kind: 'receive',
  value,
  invoked,
  returned,
})
const copy = (value: string, invoked: number, returned = invoked + 1): Operation => ({
  kind: 'copy',
  value,
  invoked,
  returned,
})
const nothing = (invoked: number, returned = invoked + 1): Operation => ({ kind: 'receive', invoked, returned })
const died = (invoked: number, heldUntil: number): Operation => ({
  kind: 'receive',
  invoked,
  returned: Number.POSITIVE_INFINITY,
  heldUntil,
})

test('violations finds none where calls overlap so that an order explains them', () => {
  deepEqual(violations([send('a', 0, 10), send('b', 1, 2), receive('b', 3), receive('a', 5)]), [])
  deepEqual(violations([send('a', 0), receive('a', 2, 9), receive('b', 3, 9), send('b', 2, 4)]), [])
  deepEqual(violations([send('a', 0), nothing(0, 3), receive('a', 4)]), [])
  deepEqual(violations([send('a', 0), receive('a', 2, 5), nothing(3, 4)]), [])
  deepEqual(violations([send('a', 0), copy('a', 2), receive('a', 2, 3), send('b', 4), copy('b', 6)]), [])
})

test('violations finds what was received twice, never sent, or received before it was sent', () => {
  match(violations([send('a', 0), receive('a', 2), receive('a', 4)]).join(), /a was received twice/)
  match(violations([receive('a', 2)]).join(), /a was received and never sent/)
  match(violations([receive('a', 2), send('a', 4)]).join(), /a was received before it was sent/)
})

test('violations finds a message that was overtaken, unless a receive that died may have held it', () => {
  const overtaken = [send('a', 0), send('b', 2), receive('b', 4), receive('a', 6)]
  match(violations(overtaken).join(), /b was received before a, which was sent before it/)
  deepEqual(violations([...overtaken, died(3, 5.5)]), [])
  match(violations([...overtaken, died(7, 20)]).join(), /b was received before a/)
})

test('violations finds a receive that found nothing while one message after the other was there', () => {
  match(violations([send('a', 0), nothing(2), receive('a', 4)]).join(), /found nothing/)
  const handed = [send('a', 0), send('b', 2, 3), nothing(2.5, 6), receive('a', 4), receive('b', 7)]
  match(violations(handed).join(), /found nothing/)
  deepEqual(violations([send('a', 0), nothing(2, 6), receive('a', 3), send('b', 4, 5), receive('b', 7)]), [])
})

test('violations lets a message be gone with a receive that died, and not before', () => {
  deepEqual(violations([send('a', 0), died(2, 20), nothing(30)]), [])
  match(violations([send('a', 0), nothing(2), died(4, 20)]).join(), /found nothing/)
  match(violations([send('a', 0), nothing(2)]).join(), /found nothing/)
})

test('violations finds a copy of what was gone, or was not yet the oldest', () => {
  match(violations([send('a', 0), receive('a', 2), copy('a', 4)]).join(), /a was copied after it was received/)
  match(
    violations([send('a', 0), send('b', 2), copy('b', 4), receive('a', 6), receive('b', 8)]).join(),
    /b was copied as the oldest/,
  )
  match(violations([copy('a', 0), send('a', 2)]).join(), /a was copied before it was sent/)
})

test('violations finds nothing in the histories of a real queue, and what is planted into each', () => {
  let planted = 0
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed)
    const history = realHistory(random)
    deepEqual(violations(history), [], `seed ${seed}`)
    const received = history.filter(({ kind, value }) => kind === 'receive' && value !== undefined)
    const first = received[0]
    const last = received.at(-1)
    if (first?.value === undefined || last?.value === undefined || first === last || first.returned >= last.invoked)
      continue
    const sent = (value: string) => history.find((each) => each.kind === 'send' && each.value === value)
    if ((sent(first.value)?.returned ?? 0) >= (sent(last.value)?.invoked ?? 0)) continue
    planted++
    const swapped = history.map((each) =>
      each === first
        ? { ...each, value: last.value ?? '' }
        : each === last
          ? { ...each, value: first.value ?? '' }
          : each,
    )
    equal(violations(swapped).length > 0, true, `seed ${seed}: two receives were exchanged`)
  }
  equal(planted > 50, true, `${planted} histories had something to plant into`)
})

/** Operations that take effect at random moments on a real queue, each within an interval around its own. */
function realHistory(random: Random): Operation[] {
  const queue: string[] = []
  const history: Operation[] = []
  for (let moment = 10; moment < 400; moment += random.between(1, 9)) {
    const around = { invoked: moment - random.below(12), returned: moment + random.below(12) }
    if (random.chance(45)) {
      const value = `v${moment}`
      queue.push(value)
      history.push({ kind: 'send', value, ...around })
      continue
    }
    const kind = random.chance(25) ? 'copy' : 'receive'
    const value = kind === 'copy' ? queue[0] : queue.shift()
    history.push({ kind, ...around, ...(value !== undefined && { value }) })
  }
  return history
}
