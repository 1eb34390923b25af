import { nowNs } from '../contender.ts'

/** A message sent, and one received: each awaited. */
export interface Pair {
  send(): Promise<unknown>
  receive(): Promise<unknown>
}

/** Sends and receives `count` times, `inFlight` of them at a time. @returns Nanoseconds for each. */
export async function timeInFlight(pair: Pair, count: number, inFlight: number): Promise<number> {
  let left = count
  const worker = async () => {
    while (left-- > 0) {
      await pair.send()
      await pair.receive()
    }
  }
  const start = nowNs()
  await Promise.all(Array.from({ length: inFlight }, worker))
  return (nowNs() - start) / count
}

/** Sends and receives `count` times, one call after the other. @returns Nanoseconds of the median call. */
export async function timeMedianCall({ send, receive }: Pair, count: number): Promise<number> {
  const times = new Float64Array(2 * count)
  for (let i = 0; i < times.length; i++) {
    const start = nowNs()
    await (i % 2 === 0 ? send() : receive())
    times[i] = nowNs() - start
  }
  return times.sort()[count] ?? Number.NaN
}
