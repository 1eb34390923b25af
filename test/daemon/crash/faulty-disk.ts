import type { Disk, DiskFile } from '../../../src/backends/daemon/journal/index.ts'
import type { Random } from '../../oracle/random.ts'

/** How often what goes wrong, in a hundred operations each. */
export interface Faults {
  readonly shortWrites: number
  readonly failedFlushes: number
  /** Of the times at which the disk is asked whether it has room. */
  readonly full: number
}

/**
 * A real directory whose unflushed writes are in this process alone: killed, it loses them, as a power cut does. Writes are
 * short, flushes fail, and the disk is full for a while, as `faults` says.
 */
export class FaultyDisk implements Disk {
  readonly path: string
  readonly #disk: Disk
  readonly #random: Random
  readonly #faults: Faults
  #isFull = false

  constructor(disk: Disk, random: Random, faults: Faults) {
    this.path = disk.path
    this.#disk = disk
    this.#random = random
    this.#faults = faults
  }

  lock(): Promise<string | undefined> {
    return this.#disk.lock()
  }

  list(): Promise<readonly string[]> {
    return this.#disk.list()
  }

  async open(name: string): Promise<DiskFile> {
    return new FaultyFile(await this.#disk.open(name), this.#random, this.#faults)
  }

  async create(name: string): Promise<DiskFile> {
    return new FaultyFile(await this.#disk.create(name), this.#random, this.#faults)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#disk.rename(from, to)
  }

  remove(name: string): Promise<void> {
    return this.#disk.remove(name)
  }

  flushNames(): Promise<void> {
    return this.#disk.flushNames()
  }

  /** Full once, it is full the next few times too. */
  async freeBytes(): Promise<number> {
    this.#isFull = this.#random.chance(this.#isFull ? 70 : this.#faults.full)
    return this.#isFull ? 0 : this.#disk.freeBytes()
  }

  close(): Promise<void> {
    return this.#disk.close()
  }
}

interface Write {
  readonly position: number
  readonly bytes: Uint8Array
}

class FaultyFile implements DiskFile {
  readonly #file: DiskFile
  readonly #random: Random
  readonly #faults: Faults
  /** In order; those that are being flushed first. */
  #unflushed: Write[] = []

  constructor(file: DiskFile, random: Random, faults: Faults) {
    this.#file = file
    this.#random = random
    this.#faults = faults
  }

  async size(): Promise<number> {
    const ends = this.#unflushed.map(({ position, bytes }) => position + bytes.length)
    return Math.max(await this.#file.size(), ...ends)
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let read = await this.#file.read(into, position)
    for (const write of this.#unflushed) {
      const from = Math.max(position, write.position)
      const to = Math.min(position + into.length, write.position + write.bytes.length)
      if (from >= to) continue
      into.set(write.bytes.subarray(from - write.position, to - write.position), from - position)
      read = Math.max(read, to - position)
    }
    return read
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return this.writeNow(bytes, position)
  }

  writeNow(bytes: Uint8Array, position: number): number {
    const isShort = bytes.length > 1 && this.#random.chance(this.#faults.shortWrites)
    const taken = isShort ? this.#random.between(1, bytes.length - 1) : bytes.length
    this.#unflushed.push({ position, bytes: bytes.slice(0, taken) })
    return taken
  }

  async flush(): Promise<void> {
    if (this.#random.chance(this.#faults.failedFlushes)) throw Object.assign(new Error('planted: EIO'), { code: 'EIO' })
    const count = this.#unflushed.length
    for (const { position, bytes } of this.#unflushed.slice(0, count)) {
      for (let at = 0; at < bytes.length; ) at += await this.#file.write(bytes.subarray(at), position + at)
    }
    await this.#file.flush()
    this.#unflushed.splice(0, count)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
