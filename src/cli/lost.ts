import type { NotRestored } from '../contract/index.ts'
import type { MissingField } from '../image/index.ts'
import type { Style } from './output.ts'
import { count, listOf, wrapped } from './words.ts'

const LINE_COLUMNS = 80

/** What did not come back: what the image does not tell, and what the namespace did not take. Each field once. */
export function notRestoredOf(missing: readonly MissingField[], notRestored: readonly NotRestored[]): NotRestored[] {
  const told = new Set(missing.map(({ field }) => field))
  return [...missing, ...notRestored.filter(({ field, reason }) => !(told.has(field) && reason.includes('image')))]
}

/** The same for people: fields together that share a reason and queues. */
export function lostLines(lost: readonly NotRestored[], style: Style): string[] {
  const groups = new Map<string, { reason: string; place: string; fields: string[] }>()
  for (const [field, places] of placesByField(lost)) {
    for (const [reason, msqids] of places) {
      const place = placeOf(msqids)
      const key = `${reason}\n${place}`
      const group = groups.get(key) ?? { reason, place, fields: [] }
      group.fields.push(field)
      groups.set(key, group)
    }
  }
  const lines = [...groups.values()].flatMap(({ reason, place, fields }) => {
    const words = `${fields.join(', ')}: ${reason}${place}`
    return wrapped(words, LINE_COLUMNS - 4).map((line, number) => (number === 0 ? `  ${line}` : `    ${line}`))
  })
  return lines.length === 0 ? [] : [style.bold('not restored'), ...lines]
}

/** Field → reason → queues. */
function placesByField(lost: readonly NotRestored[]): Map<string, Map<string, (number | undefined)[]>> {
  const byField = new Map<string, Map<string, (number | undefined)[]>>()
  for (const { msqid, field, reason } of lost) {
    const reasons = byField.get(field) ?? new Map<string, (number | undefined)[]>()
    const places = reasons.get(reason) ?? []
    places.push(msqid)
    reasons.set(reason, places)
    byField.set(field, reasons)
  }
  return byField
}

function placeOf(msqids: readonly (number | undefined)[]): string {
  const queues = msqids.filter((msqid) => msqid !== undefined)
  if (queues.length === 0) return ''
  return queues.length === 1 ? ` (queue ${queues[0]})` : ` (${count(queues.length, 'queue')}: ${listOf(queues)})`
}
