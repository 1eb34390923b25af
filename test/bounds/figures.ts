import { readFileSync } from 'node:fs'

/** What one scene took, as the page has it. */
export interface Figures {
  readonly scene: string
  /** Of the daemon, MiB: before, at the most, and when everybody has gone again. */
  readonly residentMiB: { readonly before: number; readonly most: number; readonly after: number }
  /** What of its heap and buffers is more than before, after garbage was collected: what the C library keeps for later is not in it. */
  readonly keptMiB: number
  /** How long others waited for an answer meanwhile: the slowest in a hundred, milliseconds. */
  readonly othersMs: number
  /** Processor time of the daemon, for all of the scene. */
  readonly processorSeconds: number
  readonly told: string
}

export function residentMiB(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Math.round(Number(kib) / 1024)
}

/** Processor time of a process, user and system, in seconds. @see proc(5), /proc/pid/stat: in ticks of a hundredth. */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Calls again and again until it is told to stop. */
export class Other {
  readonly #call: () => Promise<unknown>
  readonly #took: number[] = []
  #isOver = false
  readonly #done: Promise<void>

  constructor(call: () => Promise<unknown>) {
    this.#call = call
    this.#done = this.#goOn()
  }

  /** @returns The slowest in a hundred, milliseconds. */
  async stop(): Promise<number> {
    this.#isOver = true
    await this.#done
    const sorted = this.#took.sort((a, b) => a - b)
    return Math.round((sorted[Math.floor(sorted.length * 0.99)] ?? 0) * 10) / 10
  }

  async #goOn(): Promise<void> {
    while (!this.#isOver) {
      const since = performance.now()
      await this.#call()
      this.#took.push(performance.now() - since)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

const BEGIN = '<!-- bounds, written by npm run bounds -->'
const END = '<!-- end of bounds -->'

/** The page of docs with these figures in it. @throws {Error} It says nowhere where they go. */
export function pageWith(page: string, all: readonly Figures[]): string {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error('the page has no place for the figures')
  const rows = all.map(
    ({ scene, residentMiB: { before, most, after }, keptMiB, processorSeconds, othersMs, told }) =>
      `| ${scene} | ${before} | ${most} | ${after} | ${keptMiB} | ${processorSeconds} | ${othersMs} | ${told} |`,
  )
  const head =
    '| | MiB before | at most | after | kept | processor, s | others wait, ms | |\n| --- | --- | --- | --- | --- | --- | --- | --- |'
  return `${before}${BEGIN}\n${[head, ...rows].join('\n')}\n${END}${after}`
}
