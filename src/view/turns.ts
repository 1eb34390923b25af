/** Work that goes on longer lets others have their turn: a frame of a page is 16 ms. */
const SLICE_MS = 12

/** Cuts long work into slices, between which a server answers others and a page draws. */
export class Turns {
  #since = performance.now()

  /** Where the work may be cut. */
  async offer(): Promise<void> {
    if (performance.now() - this.#since < SLICE_MS) return
    // Node's and browsers' alike; unlike a promise it lets events be seen.
    await new Promise((resolve) => setTimeout(resolve, 0))
    this.#since = performance.now()
  }
}

/** Runs a generator to its end, slice by slice. */
export async function inTurns<Result>(steps: Generator<undefined, Result>): Promise<Result> {
  const turns = new Turns()
  let step = steps.next()
  while (step.done !== true) {
    await turns.offer()
    step = steps.next()
  }
  return step.value
}
