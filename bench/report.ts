import type { Comparison, Figure } from './comparison.ts'
import type { Outcome } from './run.ts'

/** One figure as a line for people; of a quick run, only that its results are right. */
export function line(comparison: Comparison, { figure, oursNs, peerNs }: Outcome, quick: boolean): string {
  const { name, unit, peer } = figure
  if (quick) return `${name}: results are right, against ${peer}`
  const what = `${name}: ${spreadText(figure)} ${unit}, against ${peer}`
  const times = oursNs === undefined || peerNs === undefined ? '' : `; ${duration(oursNs)} against ${duration(peerNs)}`
  const wanted = wantedText(comparison)
  return `${what}${times}${wanted === '' ? '' : ` [${wanted}: ${isReached(comparison, figure) ? 'reached' : 'MISSED'}]`}`
}

/** What each peer of some comparisons does otherwise, a line for each. */
export function differences(comparisons: Iterable<Comparison>): string[] {
  return [...new Set([...comparisons].map(({ peer }) => peer))].map(({ name, difference }) => `${name}: ${difference}`)
}

/** A figure with its spread. */
export function spreadText({ ratio, low, high }: Figure): string {
  return `${digits(ratio)} (${digits(low)} to ${digits(high)})`
}

export function wantedText({ atLeast, atMost }: Comparison): string {
  if (atLeast !== undefined) return `at least ${digits(atLeast)}`
  return atMost === undefined ? '' : `at most ${digits(atMost)}`
}

/** Whether the median is what is wanted. */
export function isReached({ atLeast, atMost }: Comparison, { ratio }: Figure): boolean {
  return ratio >= (atLeast ?? Number.NEGATIVE_INFINITY) && ratio <= (atMost ?? Number.POSITIVE_INFINITY)
}

/** Three digits, with thousands parted. */
export function digits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 3 })
}

export function duration(ns: number): string {
  if (ns < 1e3) return `${digits(ns)} ns`
  if (ns < 1e6) return `${digits(ns / 1e3)} µs`
  return ns < 1e9 ? `${digits(ns / 1e6)} ms` : `${digits(ns / 1e9)} s`
}
