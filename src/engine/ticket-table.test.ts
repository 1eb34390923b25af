import assert, { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { TicketTable } from './ticket-table.ts'

/** Few enough to meet again, far enough apart to collide in other ways. */
const NUMBERS = [0, 1, 2, 3, 15, 16, 17, 32, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]

describe('TicketTable', () => {
  test('has what a Map would have, after anything, by session and number', () => {
    const ticket = fc.record({ session: fc.constantFrom(0, 1, 2 ** 48 - 2), number: fc.constantFrom(...NUMBERS) })
    const step = fc.oneof(
      fc.record({ does: fc.constant('set' as const), ticket }),
      fc.record({ does: fc.constant('delete' as const), ticket }),
      fc.record({ does: fc.constant('deleteUpTo' as const), ticket }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const table = new TicketTable<{ readonly value: number }>()
        const map = new Map<string, { readonly ticket: { session: number; number: number }; readonly value: number }>()
        for (const [value, { does, ticket }] of steps.entries()) {
          const key = `${ticket.session}:${ticket.number}`
          if (does === 'set') map.set(key, { ticket, value })
          else if (does === 'delete') map.delete(key)
          else for (const [key, had] of map) if (had.ticket.number <= ticket.number) map.delete(key)
          if (does === 'set') table.set(ticket, { value })
          else if (does === 'delete') table.delete(ticket)
          else table.deleteUpTo(ticket.number)
          equal(table.size, map.size)
          equal(table.get(ticket)?.value, map.get(key)?.value)
          equal(table.has(ticket), map.has(key))
        }
        const sorted = [...map.values()].sort(
          (a, b) => a.ticket.session - b.ticket.session || a.ticket.number - b.ticket.number,
        )
        deepEqual(
          [...table.entries()].map(([{ session, number }, { value }]) => [session, number, value]),
          sorted.map(({ ticket, value }) => [ticket.session, ticket.number, value]),
        )
        deepEqual(
          [...table.values()],
          sorted.map(({ value }) => ({ value })),
        )
      }),
    )
  })

  test('holds many, and few again', () => {
    const table = new TicketTable<{ readonly value: number }>()
    for (let number = 1; number <= 100_000; number++) table.set({ session: 7, number }, { value: number })
    equal(table.size, 100_000)
    for (let number = 1; number <= 50_000; number++) table.delete({ session: 7, number })
    equal(table.get({ session: 7, number: 50_000 }), undefined)
    equal(table.get({ session: 7, number: 50_001 })?.value, 50_001)
    table.deleteUpTo(99_999)
    deepEqual([...table.values()], [{ value: 100_000 }])
  })
})

test('TicketTable keeps apart the tickets whose hashes are alike, also when those before them go', () => {
  // Session and number are mixed by exclusive or: all sixteen have one home.
  const tickets = Array.from({ length: 16 }, (_, session) => ({ session, number: session ^ 21 }))
  for (let first = 0; first < tickets.length; first++) {
    const table = new TicketTable<{ readonly session: number }>()
    const left = new Map(tickets.map((ticket) => [ticket, { session: ticket.session }]))
    for (const [ticket, value] of left) table.set(ticket, value)
    assert.equal(table.size, 16)
    for (let step = 0; step < tickets.length; step++) {
      const ticket = tickets[(first + step * 5) % 16]
      if (ticket === undefined) continue
      table.delete(ticket)
      left.delete(ticket)
      assert.equal(table.size, left.size)
      for (const each of tickets) {
        assert.equal(table.get({ ...each }), left.get(each))
        assert.equal(table.has({ ...each }), left.has(each))
      }
    }
    assert.deepEqual([...table.values()], [])
  }
})

test('TicketTable gives a ticket its last value, grows and shrinks, and tells all by session and number', () => {
  const table = new TicketTable<{ readonly number: number }>()
  const tickets = Array.from({ length: 100 }, (_, index) => ({
    session: 1 + ((index * 7) % 3),
    number: index % 2 === 0 ? index : index * 2 ** 33,
  }))
  for (const ticket of tickets) table.set(ticket, { number: -1 })
  for (const ticket of tickets) table.set({ ...ticket }, { number: ticket.number })
  assert.equal(table.size, 100)
  const sorted = [...tickets].sort((a, b) => a.session - b.session || a.number - b.number)
  assert.deepEqual(
    [...table.entries()],
    sorted.map((ticket) => [ticket, { number: ticket.number }]),
  )
  table.delete({ session: 9, number: 9 })
  assert.equal(table.size, 100)
  table.deleteUpTo(60)
  const above = sorted.filter(({ number }) => number > 60)
  assert.deepEqual(
    [...table.entries()].map(([ticket]) => ticket),
    above,
  )
  assert.equal(table.size, above.length)
  for (const ticket of above.slice(1)) table.delete(ticket)
  assert.deepEqual([...table.values()], [{ number: above[0]?.number }])
  table.deleteUpTo(Number.MAX_SAFE_INTEGER)
  assert.equal(table.size, 0)
  assert.deepEqual([...table.entries()], [])
})

test('TicketTable keeps apart the calls of many sessions that have one number', () => {
  const table = new TicketTable<{ readonly session: number }>()
  table.set({ session: 0, number: 5 }, { session: 0 })
  // More than there are slots: some have the first one's.
  for (let session = 1; session < 64; session++) {
    assert.equal(table.has({ session, number: 5 }), false)
    assert.equal(table.get({ session, number: 5 }), undefined)
    table.delete({ session, number: 5 })
    assert.equal(table.size, 1)
  }
  for (let session = 1; session < 64; session++) table.set({ session, number: 5 }, { session })
  assert.deepEqual(
    [...table.values()].map(({ session }) => session),
    Array.from({ length: 64 }, (_, session) => session),
  )
})
