import { execFileSync } from 'node:child_process'

/** Addresses for measuring networks, which no real machine has. Source: RFC 2544, appendix C.2.2. */
const NETWORK = '198.18'
const PARTS = 250

/** Machines of a kind: network namespaces on one bridge, each of which can be cut off and joined again. Needs root. */
export class Machines implements Disposable {
  readonly hosts: readonly string[]
  readonly #name: string

  private constructor(name: string, hosts: readonly string[]) {
    this.#name = name
    this.hosts = hosts
  }

  static start(count: number): Machines {
    const part = freePart()
    // An interface's name has at most 15 letters.
    const name = `mq${process.pid % 1_000_000}`
    const address = (last: number) => `${NETWORK}.${part}.${last}`
    const machines = new Machines(
      name,
      Array.from({ length: count }, (_, index) => address(index + 2)),
    )
    ip('link', 'add', name, 'type', 'bridge')
    ip('addr', 'add', `${address(1)}/24`, 'dev', name)
    ip('link', 'set', name, 'up')
    machines.hosts.forEach((host, index) => {
      const [space, cable] = [machines.#space(index), machines.#cable(index)]
      ip('netns', 'add', space)
      ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
      ip('link', 'set', cable, 'master', name, 'up')
      ip('-n', space, 'addr', 'add', `${host}/24`, 'dev', 'eth0')
      ip('-n', space, 'link', 'set', 'eth0', 'up')
      ip('-n', space, 'link', 'set', 'lo', 'up')
    })
    return machines
  }

  /** What stands before a command that is to run on a machine. */
  on(index: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#space(index)]
  }

  cut(index: number): void {
    ip('link', 'set', this.#cable(index), 'down')
  }

  join(index: number): void {
    ip('link', 'set', this.#cable(index), 'up')
  }

  [Symbol.dispose](): void {
    for (const index of this.hosts.keys()) {
      ip('link', 'del', this.#cable(index))
      ip('netns', 'del', this.#space(index))
    }
    ip('link', 'del', this.#name)
  }

  #space(index: number): string {
    return `${this.#name}-${index}`
  }

  #cable(index: number): string {
    return `${this.#name}v${index}`
  }
}

/** A part of the network that is nobody's: the machines of a test that was killed are there still. */
function freePart(): number {
  const taken = ip('-o', '-4', 'addr')
  const parts = Array.from({ length: PARTS }, (_, index) => (process.pid + index) % PARTS)
  const free = parts.find((part) => !taken.includes(` ${NETWORK}.${part}.`))
  if (free === undefined) throw new Error(`all ${PARTS} parts of ${NETWORK} are taken: ip addr lists them`)
  return free
}

function ip(...words: string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
