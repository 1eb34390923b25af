import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LONG_MAX, LONG_MIN, type Long, MSG_EXCEPT, MSG_NOERROR } from '../abi/index.ts'
import { MessageList } from './messages/index.ts'
import { convertMode, findAfter, findMsg, findNumber, type Selector, testMsg } from './search.ts'

test('convertMode reads msgtyp and MSG_EXCEPT as the kernel does', () => {
  // Source: ipc/msg.c, convert_mode(); msgrcv(2).
  const cases: readonly (readonly [msgtyp: Long, msgflg: number, selector: Selector])[] = [
    [0, 0, { mode: 'any' }],
    [0, MSG_EXCEPT, { mode: 'any' }],
    [5, 0, { mode: 'equal', type: 5 }],
    [5, MSG_NOERROR, { mode: 'equal', type: 5 }],
    [5, MSG_EXCEPT | MSG_NOERROR, { mode: 'notEqual', type: 5 }],
    [LONG_MAX, 0, { mode: 'equal', type: LONG_MAX }],
    [-5, 0, { mode: 'lessEqual', type: 5 }],
    [-5, MSG_EXCEPT, { mode: 'lessEqual', type: 5 }],
    [LONG_MIN, 0, { mode: 'lessEqual', type: LONG_MAX }],
    [-LONG_MAX, 0, { mode: 'lessEqual', type: LONG_MAX }],
  ]
  for (const [msgtyp, msgflg, selector] of cases) assert.deepEqual(convertMode(msgtyp, msgflg), selector)
})

test('testMsg selects as the kernel does', () => {
  const selected = (selector: Selector) => [1, 2, 3, LONG_MAX].filter((mtype) => testMsg(mtype, selector))
  assert.deepEqual(selected({ mode: 'any' }), [1, 2, 3, LONG_MAX])
  assert.deepEqual(selected({ mode: 'equal', type: 2 }), [2])
  assert.deepEqual(selected({ mode: 'equal', type: LONG_MAX }), [LONG_MAX])
  assert.deepEqual(selected({ mode: 'notEqual', type: 2 }), [1, 3, LONG_MAX])
  assert.deepEqual(selected({ mode: 'lessEqual', type: 2 }), [1, 2])
  assert.deepEqual(selected({ mode: 'lessEqual', type: LONG_MAX }), [1, 2, 3, LONG_MAX])
})

/** Messages of these types, numbered 10, 20, 30 …, of which some are held. */
function listOf(types: readonly Long[], held: readonly number[]): MessageList {
  const list = new MessageList()
  const addresses = types.map((mtype, index) =>
    list.append({ mtype, mtext: new Uint8Array(0) }, 10 * (index + 1), { pid: 1, uid: 1 }, 1),
  )
  // Only the oldest of its type that is not held can be held.
  for (const index of held) {
    const address = addresses[index]
    const isOldest =
      types.findIndex(
        (mtype, other) => mtype === types[index] && list.holderOf(addresses[other] ?? 0) === undefined,
      ) === index
    if (address !== undefined && isOldest) list.hide(address, { session: 1, number: index })
  }
  return list
}

/** The selected of some messages in the order in which receives take them. Source: msgrcv(2). */
function inOrder(list: MessageList, selector: Selector): number[] {
  const selected = [...list].filter((address) => testMsg(list.typeOf(address), selector))
  if (selector.mode !== 'lessEqual') return selected
  return selected
    .map((address, index) => ({ address, index, type: list.typeOf(address) }))
    .sort((one, other) => (one.type < other.type ? -1 : one.type > other.type ? 1 : one.index - other.index))
    .map(({ address }) => address)
}

test('findMsg, findNumber and findAfter find what an array would', () => {
  const type = fc.constantFrom<Long>(1, 2, 3, 2 ** 40, LONG_MAX)
  const lists = fc.tuple(fc.array(type, { maxLength: 30 }), fc.array(fc.nat(30), { maxLength: 6 }))
  const selectors = fc.constantFrom<Selector>(
    { mode: 'any' },
    ...([1, 2, 2 ** 40, LONG_MAX] as const).flatMap((type) =>
      (['equal', 'notEqual', 'lessEqual'] as const).map((mode): Selector => ({ mode, type })),
    ),
  )
  fc.assert(
    fc.property(
      lists,
      fc.array(selectors, { minLength: 1, maxLength: 4 }),
      fc.nat(310),
      ([types, held], asked, sequence) => {
        const list = listOf(types, held)
        for (const selector of asked) {
          const order = inOrder(list, selector)
          const visible = order.filter((address) => list.holderOf(address) === undefined)
          assert.equal(findMsg(list, selector), visible[0])
          for (const number of [0, 1, order.length - 1, order.length])
            assert.equal(findNumber(list, selector, number), order[number])
          const after = [...list].filter(
            (address) => testMsg(list.typeOf(address), selector) && list.sequenceOf(address) > sequence,
          )
          assert.equal(findAfter(list, selector, sequence), after[0])
        }
      },
    ),
    { numRuns: 400 },
  )
})
