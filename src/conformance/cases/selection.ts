import { strict as assert } from 'node:assert'
import { LONG_MAX, LONG_MIN, MSG_EXCEPT } from '../../abi/index.ts'
import { drain, fill, make, refused, send, take } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

/** One queue holds A5 B3 C9 D3 E1 F7 G1: what one receive takes of it, or ENOMSG. */
const PICKS: readonly { msgtyp: number | bigint; except?: true; picks: string; because: string }[] = [
  { msgtyp: 0, picks: 'A5', because: 'takes the oldest' },
  { msgtyp: 0, except: true, picks: 'A5', because: 'takes the oldest still' },
  { msgtyp: 3, picks: 'B3', because: 'takes the oldest of that type' },
  { msgtyp: 7, picks: 'F7', because: 'takes the only one of that type' },
  { msgtyp: 4, picks: 'ENOMSG', because: 'finds no such type' },
  { msgtyp: LONG_MAX, picks: 'ENOMSG', because: 'finds no such type' },
  { msgtyp: 5, except: true, picks: 'B3', because: 'takes the oldest of another type' },
  { msgtyp: 3, except: true, picks: 'A5', because: 'takes the oldest of another type' },
  { msgtyp: 4, except: true, picks: 'A5', because: 'takes the oldest when none has the type' },
  { msgtyp: -9, picks: 'E1', because: 'takes the oldest of the lowest type' },
  { msgtyp: -4, picks: 'E1', because: 'takes the oldest of the lowest type' },
  { msgtyp: -1, picks: 'E1', because: 'takes type 1, which is at most 1' },
  { msgtyp: -9, except: true, picks: 'E1', because: 'ignores MSG_EXCEPT' },
  { msgtyp: -LONG_MAX, picks: 'E1', because: 'takes the oldest of the lowest type' },
  { msgtyp: LONG_MIN, picks: 'E1', because: 'takes the oldest of the lowest type' },
]

/** What msgtyp and MSG_EXCEPT select. Source: msgrcv(2); Linux ipc/msg.c, convert_mode(), find_msg(). */
export const selectionCases: readonly ConformanceCase[] = [
  ...PICKS.map(
    ({ msgtyp, except, picks, because }): ConformanceCase => ({
      name: `msgrcv of type ${msgtyp}${except ? ' with MSG_EXCEPT' : ''} ${because}`,
      run: async ({ namespace, midway }) => {
        const msqid = await make(namespace)
        await fill(namespace, msqid, 'A5 B3 C9 D3 E1 F7 G1')
        await midway()
        const taken = take(namespace, msqid, msgtyp, except ? MSG_EXCEPT : 0)
        if (picks === 'ENOMSG') await refused('ENOMSG', taken)
        else assert.equal(await taken, picks)
        const others = ['A5', 'B3', 'C9', 'D3', 'E1', 'F7', 'G1'].filter((word) => word !== picks)
        assert.equal(await drain(namespace, msqid), others.join(' '))
      },
    }),
  ),
  {
    name: 'msgrcv of a negative type counts a type that is equal to it, and none above',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A3 B4')
      await midway()
      await refused('ENOMSG', take(namespace, msqid, -2))
      assert.equal(await take(namespace, msqid, -3), 'A3')
      await refused('ENOMSG', take(namespace, msqid, -3))
      assert.equal(await take(namespace, msqid, -4), 'B4')
    },
  },
  {
    name: 'msgrcv of a negative type takes the oldest among equals',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B3 C3')
      await midway()
      assert.equal(await take(namespace, msqid, -10), 'B3')
    },
  },
  {
    name: 'msgrcv of a negative type, again and again, takes types in rising order',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B3 C9 D3 E1 F7 G1')
      await midway()
      assert.equal(await drain(namespace, msqid, -7), 'E1 G1 B3 D3 A5 F7')
      assert.equal(await drain(namespace, msqid), 'C9')
    },
  },
  {
    name: 'msgrcv of type LONG_MIN selects type LONG_MAX too',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, LONG_MAX, 'A')
      await midway()
      assert.equal(await take(namespace, msqid, LONG_MIN), `A${LONG_MAX}`)
    },
  },
  {
    name: 'msgrcv of type -LONG_MAX selects type LONG_MAX too, and of one less does not',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, LONG_MAX, 'A')
      await refused('ENOMSG', take(namespace, msqid, 1n - 2n ** 63n + 1n))
      assert.equal(await take(namespace, msqid, -LONG_MAX), `A${LONG_MAX}`)
    },
  },
  {
    name: 'msgrcv tells types apart that a number would round together',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 2n ** 53n, 'even')
      await send(namespace, msqid, 2n ** 53n + 1n, 'odd')
      await midway()
      assert.equal(await take(namespace, msqid, 2n ** 53n + 1n), 'odd9007199254740993')
      assert.equal(await take(namespace, msqid, 2n ** 53n + 1n, MSG_EXCEPT), 'even9007199254740992')
    },
  },
  {
    name: 'msgrcv of a negative type orders types beyond 2^53 exactly',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      for (const mtype of [2n ** 62n + 2n, 2n ** 62n + 1n, 5, 2n ** 62n + 3n]) await send(namespace, msqid, mtype)
      await midway()
      const inOrder = '5 4611686018427387905 4611686018427387906'
      assert.equal(
        [
          await take(namespace, msqid, -(2n ** 62n + 2n)),
          await take(namespace, msqid, -(2n ** 62n + 2n)),
          await take(namespace, msqid, -(2n ** 62n + 2n)),
        ].join(' '),
        inOrder,
      )
      await refused('ENOMSG', take(namespace, msqid, -(2n ** 62n + 2n)))
    },
  },
  {
    name: 'MSG_EXCEPT fails with ENOMSG when only its type is there',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B5')
      await refused('ENOMSG', take(namespace, msqid, 5, MSG_EXCEPT))
      assert.equal(await drain(namespace, msqid), 'A5 B5')
    },
  },
  {
    name: 'MSG_EXCEPT, again and again, leaves only its type',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B3 C5 D7')
      await midway()
      assert.equal(await drain(namespace, msqid, 5, MSG_EXCEPT), 'B3 D7')
      assert.equal(await drain(namespace, msqid), 'A5 C5')
    },
  },
  {
    name: 'msgrcv of one type, again and again, keeps the order of both',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B2 C1 D2 E1')
      assert.equal(await take(namespace, msqid, 1), 'A1')
      await midway()
      assert.equal(await drain(namespace, msqid, 1), 'C1 E1')
      assert.equal(await drain(namespace, msqid), 'B2 D2')
    },
  },
]
