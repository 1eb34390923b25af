/** Five minutes at a sample a second: what fits a small chart. */
export const DEPTH_SAMPLES_MAX = 300
/** Queues whose depth is remembered, 5 KB each: more than anybody looks at. */
const QUEUES_MAX = 1000

type Series = Map<number, { readonly times: number[]; readonly depths: number[] }>

/** How deep queues were over the last minutes. */
export class Depths {
  #queues: Series = new Map()

  /** @param timeMs When; queues that are not among `queues` are forgotten. */
  add(timeMs: number, queues: readonly { readonly msqid: number; readonly qnum: number }[]): void {
    const kept: Series = new Map()
    for (const { msqid, qnum } of queues.slice(0, QUEUES_MAX)) {
      const series = this.#queues.get(msqid) ?? { times: [], depths: [] }
      series.times.push(timeMs / 1000)
      series.depths.push(qnum)
      if (series.times.length > DEPTH_SAMPLES_MAX) {
        series.times.shift()
        series.depths.shift()
      }
      kept.set(msqid, series)
    }
    this.#queues = kept
  }

  of(msqid: number): { readonly times: readonly number[]; readonly depths: readonly number[] } {
    const { times = [], depths = [] } = this.#queues.get(msqid) ?? {}
    return { times: [...times], depths: [...depths] }
  }
}
