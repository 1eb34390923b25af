import { deepEqual, equal } from 'node:assert/strict'
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
