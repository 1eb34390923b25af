import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LONG_MAX, type Long } from '../../abi/index.ts'
import type { Message, Ticket } from '../entry.ts'
import { type Address, MessageList, type PackedMessages, viewsOf } from './index.ts'

/** What a list must do, in the simplest words: an array. */
class Model {
  messages: { message: Message; holder?: Ticket }[] = []

  visible(selected: (mtype: Long) => boolean): Message | undefined {
    return this.messages.find(({ message, holder }) => holder === undefined && selected(message.mtype))?.message
  }

  lowest(): Message | undefined {
    const visible = this.messages.filter(({ holder }) => holder === undefined).map(({ message }) => message)
    return visible.reduce<Message | undefined>(
      (low, message) => (low === undefined || message.mtype < low.mtype ? message : low),
      undefined,
    )
  }

  position(sequence: number): number {
    return this.messages.findIndex(({ message }) => message.sequence === sequence)
  }
}

type Find = 'oldest' | 'oldestOf' | 'oldestExcept' | 'oldestOfLowest'
type Act = 'remove' | 'hide' | 'look'
type Step =
  | { readonly append: Long; readonly sizeBytes: number; readonly times: number }
  | { readonly find: Find; readonly type: Long; readonly act: Act; readonly times: number }
  | { readonly end: 'show' | 'remove'; readonly pick: number }
  | { readonly at: number; readonly times: number }
  | { readonly share: 'kept' | 'taken' }

const LAST = { mtype: 2, mtext: Uint8Array.of(1, 2, 3), sender: { pid: 1, uid: 1 }, time: 1 }

const type = fc.constantFrom<Long[]>(1, 2, 3, 4, 2 ** 32 + 1, 2n ** 53n + 1n, 2n ** 62n, LONG_MAX)
const times = fc.integer({ min: 1, max: 30 })
/** Sizes that fill a small segment, an ordinary one, and one of their own. */
const sizeBytes = fc.oneof(
  { weight: 20, arbitrary: fc.nat(70) },
  { weight: 5, arbitrary: fc.constant(9_000) },
  fc.constant(300_000),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ append: type, sizeBytes, times }) },
  {
    weight: 4,
    arbitrary: fc.record({
      find: fc.constantFrom<Find[]>('oldest', 'oldestOf', 'oldestExcept', 'oldestOfLowest'),
      type,
      act: fc.constantFrom<Act[]>('remove', 'remove', 'hide', 'look'),
      times,
    }),
  },
  { weight: 2, arbitrary: fc.record({ end: fc.constantFrom('show' as const, 'remove' as const), pick: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ at: fc.nat(200), times }) },
  { weight: 1, arbitrary: fc.record({ share: fc.constantFrom('kept' as const, 'taken' as const) }) },
)

test('a list finds, hides, shows and removes what an array would, whatever its depth', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      let list = new MessageList()
      const model = new Model()
      const shared: { readonly messages: PackedMessages; readonly expected: readonly Message[] }[] = []
      const others: { readonly other: MessageList; readonly appended: Message }[] = []
      let sequence = 0
      for (const step of steps) {
        if ('append' in step) {
          for (let time = 0; time < step.times; time++)
            append(step.append, time === 0 ? step.sizeBytes : step.sizeBytes % 100)
        } else if ('find' in step) {
          for (let time = 0; time < step.times; time++) find(step)
        } else if ('end' in step) end(step)
        else if ('share' in step) share(step.share)
        else for (let time = 0; time < step.times; time++) look(step.at + time * 7)
        check()
      }
      for (const { other, appended } of others) {
        assert.deepEqual(other.read(other.withSequence(appended.sequence) ?? -1), appended)
      }
      // Whatever was done since, and by whom: what was shared is what it was.
      for (const { messages, expected } of shared) {
        assert.equal(messages.length, expected.length)
        assert.deepEqual([...messages], expected)
        assert.deepEqual(
          Array.from(viewsOf(messages), ({ mtype, mtext, sequence }) => [mtype, mtext.slice(), sequence]),
          expected.map(({ mtype, mtext, sequence }) => [mtype, mtext, sequence]),
        )
        assert.equal(messages.lastSequence, expected.at(-1)?.sequence ?? 0)
      }

      function append(mtype: Long, sizeBytes: number) {
        // Sequence numbers rise, with gaps: hand-overs use some up.
        sequence += 1 + (sequence % 3)
        const mtext = new Uint8Array(sizeBytes).fill(sequence)
        const message = {
          mtype,
          mtext,
          sequence,
          sender: { pid: sequence, uid: 2 ** 32 - 2 },
          time: sequence * 2 ** 33,
        }
        list.append(message, sequence, message.sender, message.time)
        model.messages.push({ message: { ...message, mtext: mtext.slice() } })
        mtext.fill(0)
      }

      function find({ find, type, act }: Extract<Step, { find: Find }>) {
        const [address, expected] = {
          oldest: () => [list.oldest(), model.visible(() => true)] as const,
          oldestOf: () => [list.oldestOf(type), model.visible((mtype) => mtype === type)] as const,
          oldestExcept: () => [list.oldestExcept(type), model.visible((mtype) => mtype !== type)] as const,
          oldestOfLowest: () => [list.oldestOfLowest(), model.lowest()] as const,
        }[find]()
        same(address, expected)
        if (address === undefined || expected === undefined || act === 'look') return
        const holder = { session: 1, number: expected.sequence }
        const position = model.position(expected.sequence)
        if (act === 'remove') {
          list.remove(address)
          model.messages.splice(position, 1)
        } else {
          list.hide(address, holder)
          model.messages[position] = { message: expected, holder }
        }
      }

      function end({ end, pick }: Extract<Step, { end: string }>) {
        const held = model.messages.filter(({ holder }) => holder !== undefined)
        const chosen = held[pick % Math.max(held.length, 1)]
        if (chosen === undefined) return
        const address = list.withSequence(chosen.message.sequence)
        assert.ok(address !== undefined)
        if (end === 'show') {
          list.show(address)
          delete chosen.holder
        } else {
          list.remove(address)
          model.messages.splice(model.messages.indexOf(chosen), 1)
        }
      }

      /** Two lists have the records then; the one that goes on is the one that took them, or the one that had them. */
      function share(how: 'kept' | 'taken') {
        const expected = model.messages.map(({ message }) => message)
        const messages = list.share(expected.reduce((sum, { mtext }) => sum + mtext.length, 0))
        shared.push({ messages, expected })
        const other = new MessageList()
        other.take(messages)
        if (how === 'kept') {
          const appended = { ...LAST, sequence: sequence + 1 }
          other.append(appended, appended.sequence, appended.sender, appended.time)
          others.push({ other, appended })
          for (let address = other.oldestOf(1); address !== undefined; address = other.oldestOf(1))
            other.remove(address)
          return
        }
        list = other
        for (const one of model.messages) delete one.holder
      }

      function check() {
        assert.deepEqual(
          [...list].map((address) => list.sequenceOf(address)),
          model.messages.map(({ message }) => message.sequence),
        )
        assert.deepEqual([...list.holders].length, model.messages.filter(({ holder }) => holder !== undefined).length)
        const middle = model.messages[model.messages.length >> 1]
        if (middle === undefined) return
        same(list.after(middle.message.sequence - 1), middle.message)
        assert.deepEqual(list.holderOf(list.withSequence(middle.message.sequence) ?? -1), middle.holder)
      }

      /** An index anywhere, up to past the end, and the one behind it. */
      function look(pick: number) {
        const index = pick % (model.messages.length + 2)
        same(list.at(index), model.messages[index]?.message)
        same(list.at(index + 1), model.messages[index + 1]?.message)
      }

      function same(address: Address | undefined, expected: Message | undefined) {
        if (address === undefined || expected === undefined) return assert.equal(address, expected)
        assert.equal(list.typeOf(address), expected.mtype)
        assert.equal(list.sizeOf(address), expected.mtext.length)
        assert.deepEqual(list.read(address, 50), { ...expected, mtext: expected.mtext.subarray(0, 50) })
      }
    }),
    { numRuns: 300 },
  )
})

test('a list that is mostly removed again is packed: what is left keeps its order, index and bytes', () => {
  const list = new MessageList()
  const count = 20_000
  for (let sequence = 1; sequence <= count; sequence++) {
    const mtext = new Uint8Array(64).fill(sequence)
    list.append({ mtype: sequence % 100 === 0 ? 2 : 1, mtext }, sequence, { pid: 1, uid: 1 }, 1)
  }
  for (let address = list.oldestOf(1); address !== undefined; address = list.oldestOf(1)) list.remove(address)
  const left = [...list].map((address) => list.read(address))
  assert.deepEqual(
    left.map(({ sequence }) => sequence),
    Array.from({ length: count / 100 }, (_, index) => (index + 1) * 100),
  )
  for (const [index, { sequence, mtext }] of left.entries()) {
    assert.ok(mtext.every((byte) => byte === sequence % 256))
    assert.equal(list.sequenceOf(list.at(index) ?? -1), sequence)
  }
})

test('a list that is packed still finds each type in order, hides what is held, and knows where a run of one type ends', () => {
  const list = new MessageList()
  const count = 20_000
  const append = (sequence: number, mtype: Long) =>
    list.append({ mtype, mtext: new Uint8Array(64) }, sequence, { pid: 1, uid: 1 }, 1)
  for (let sequence = 1; sequence <= count; sequence++) append(sequence, sequence > count - 8 ? 3 + (sequence % 2) : 1)
  const held = list.oldestOf(4)
  assert.ok(held !== undefined)
  const heldSequence = list.sequenceOf(held)
  list.hide(held, { session: 1, number: 1 })
  assert.equal(list.sequenceOf(list.oldestExcept(1) ?? -1), count - 6)
  for (let left = count - 8; left > 8; left--) list.remove(list.oldestOf(1) ?? -1)

  assert.equal(list.sequenceOf(list.oldest() ?? -1), count - 15)
  assert.equal(list.sequenceOf(list.oldestExcept(1) ?? -1), count - 6)
  assert.deepEqual(list.holderOf(list.withSequence(heldSequence) ?? -1), { session: 1, number: 1 })
  append(count + 1, 4)
  const received = (mtype: Long) => {
    const found: number[] = []
    for (let address = list.oldestOf(mtype); address !== undefined; address = list.oldestOf(mtype)) {
      found.push(list.sequenceOf(address))
      list.remove(address)
    }
    return found
  }
  assert.deepEqual(received(3), [count - 6, count - 4, count - 2, count])
  assert.deepEqual(received(4), [count - 5, count - 3, count - 1, count + 1])
  list.show(list.withSequence(heldSequence) ?? -1)
  assert.deepEqual(received(4), [heldSequence])
})
