/** What one call on a queue did, and when: an interval, for it took effect somewhere between. */
export interface Operation {
  readonly kind: 'send' | 'receive' | 'copy'
  /** Unlike any other on the queue. Absent: a receive or a copy that found nothing, or whose end is not known. */
  readonly value?: string
  readonly invoked: number
  /** Infinity where the end is not known: it may have taken effect at any time after, or never. */
  readonly returned: number
  /** Of a receive whose end is not known: until then it may have held a message, which then stood at its place again. */
  readonly heldUntil?: number
}

/**
 * Whether a queue's history can be that of one queue: a first-in-first-out queue whose operations each take effect at one
 * moment of their interval. With values that are unlike this is so exactly when none of a few patterns is there.
 * Source: Henzinger, Sezgin and Vafeiadis, "Aspect-Oriented Linearizability Proofs", CONCUR 2013: VFresh, VRepet, VOrd, VWit.
 *
 * A message that a dead node has held comes back behind others: what it may have held is no violation of order.
 *
 * @returns The violations in words: none where it can.
 */
export function violations(history: readonly Operation[]): string[] {
  const sends = new Map<string, Operation>()
  const receives = new Map<string, Operation>()
  const found: string[] = []
  for (const operation of history) {
    const { kind, value } = operation
    if (value === undefined || kind === 'copy') continue
    const known = kind === 'send' ? sends : receives
    if (known.has(value)) found.push(`${value} was ${kind === 'send' ? 'sent' : 'received'} twice`)
    known.set(value, operation)
  }
  for (const [value, receive] of receives) {
    const send = sends.get(value)
    if (send === undefined) found.push(`${value} was received and never sent`)
    else if (receive.returned < send.invoked) found.push(`${value} was received before it was sent`)
  }
  const unknown = history.filter(
    ({ kind, value, heldUntil }) => kind === 'receive' && !value && heldUntil !== undefined,
  )
  found.push(...outOfOrder(sends, receives, unknown))
  const looks = history.filter(({ kind, value, heldUntil }) => kind !== 'send' && !(value === undefined && heldUntil))
  for (const look of looks) {
    if (look.kind === 'copy' && look.value !== undefined)
      found.push(...staleCopy(look, look.value, sends, receives, unknown))
    else if (look.value === undefined && isNeverEmpty(look, sends, receives, unknown)) {
      found.push(`${look.kind} from ${look.invoked} to ${look.returned} found nothing, and the queue was never empty`)
    }
  }
  return found
}

type ByValue = ReadonlyMap<string, Operation>

/** VOrd: `a` was sent before `b`, and `b` received before `a`. */
function outOfOrder(sends: ByValue, receives: ByValue, unknown: readonly Operation[]): string[] {
  const found: string[] = []
  // By the end of the send; of those that ended before another began, the one that was received last.
  const bySent = [...sends].filter(([value]) => receives.has(value)).sort(([, a], [, b]) => a.returned - b.returned)
  const byBegun = [...bySent].sort(([, a], [, b]) => a.invoked - b.invoked)
  let next = 0
  let latest: { readonly value: string; readonly receive: Operation } | undefined
  for (const [value, send] of byBegun) {
    for (
      let before = bySent[next];
      before !== undefined && before[1].returned < send.invoked;
      before = bySent[++next]
    ) {
      const receive = receives.get(before[0])
      if (receive === undefined) continue
      const isHeld = unknown.some((held) => held.invoked < receive.returned && (held.heldUntil ?? 0) > send.invoked)
      if (!isHeld && (latest === undefined || receive.invoked > latest.receive.invoked))
        latest = { value: before[0], receive }
    }
    const received = receives.get(value)
    if (latest === undefined || received === undefined || received.returned >= latest.receive.invoked) continue
    found.push(`${value} was received before ${latest.value}, which was sent before it`)
  }
  return found
}

/** A copy of the oldest message: it was there, and everything that was sent before it was not there any more. */
function staleCopy(
  copy: Operation,
  value: string,
  sends: ByValue,
  receives: ByValue,
  unknown: readonly Operation[],
): string[] {
  const send = sends.get(value)
  if (send === undefined || copy.returned < send.invoked) return [`${value} was copied before it was sent`]
  if ((receives.get(value)?.returned ?? Number.POSITIVE_INFINITY) < copy.invoked) {
    return [`${value} was copied after it was received`]
  }
  const isDoubtful = unknown.some((held) => held.invoked < copy.returned && (held.heldUntil ?? 0) > copy.invoked)
  if (isDoubtful) return []
  for (const [before, sent] of sends) {
    const received = receives.get(before)
    if (sent.returned < send.invoked && received !== undefined && received.invoked > copy.returned) {
      return [`${value} was copied as the oldest, and ${before}, sent before it, was still there`]
    }
  }
  return []
}

/** VWit: at each moment of the interval some message was surely there. */
function isNeverEmpty(look: Operation, sends: ByValue, receives: ByValue, unknown: readonly Operation[]): boolean {
  const isDoubtful = unknown.some((held) => held.invoked < look.returned && (held.heldUntil ?? 0) > look.invoked)
  if (isDoubtful) return false
  // What nobody has received may have gone to a program that died with it.
  const mayBeGone = unknown.some((held) => held.invoked < look.returned)
  const there = [...sends]
    .filter(([value]) => receives.has(value) || !mayBeGone)
    .map(([value, send]) => [send.returned, receives.get(value)?.invoked ?? Number.POSITIVE_INFINITY] as const)
    .filter(([from, to]) => from < to && from < look.returned && to > look.invoked)
    .sort(([a], [b]) => a - b)
  let covered = look.invoked
  for (const [from, to] of there) {
    if (from >= covered) return false
    covered = Math.max(covered, to)
    if (covered > look.returned) return true
  }
  return false
}
