import type { Disk, DiskFile } from '../../src/backends/daemon/journal/index.ts'
import type { Random } from '../oracle/random.ts'

/** What a disk writes at once, or not at all, or up to some byte. */
const SECTOR_BYTES = 512

/** How often what goes wrong, in a thousand operations each. */
export interface Faults {
  readonly shortWrites: number
  readonly failedFlushes: number
}

/** A file: what programs see, and what of it is on the disk. */
class Content {
  bytes: Buffer = Buffer.alloc(0)
  durable: Buffer = Buffer.alloc(0)
  /** Sectors that were written since they were last flushed. */
  readonly dirty = new Set<number>()

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length
    if (end > this.bytes.length) this.bytes = resized(this.bytes, end)
    this.bytes.set(bytes, position)
    for (let at = Math.floor(position / SECTOR_BYTES); at * SECTOR_BYTES < end; at++) this.dirty.add(at)
  }

  flush(sectors: readonly number[] = [...this.dirty]): void {
    if (this.durable.length < this.bytes.length) this.durable = resized(this.durable, this.bytes.length)
    for (const sector of sectors) {
      this.#keep(sector, SECTOR_BYTES)
      this.dirty.delete(sector)
    }
  }

  /** Of what was not flushed, any sector is on the disk, or is not, or is up to some byte. */
  cutPower(random: Random): void {
    if (this.bytes.length > this.durable.length && random.chance(50)) {
      this.durable = resized(this.durable, this.bytes.length)
    }
    // Some power cuts keep nearly all, some nearly nothing.
    const percent = random.pick([0, 20, 50, 80, 100])
    for (const sector of this.dirty) {
      if (!random.chance(percent)) continue
      const isTorn = random.chance(15)
      if (isTorn && random.chance(30)) this.#spoil(sector, random)
      else this.#keep(sector, isTorn ? random.below(SECTOR_BYTES) : SECTOR_BYTES)
    }
    this.dirty.clear()
    this.bytes = Buffer.from(this.durable)
  }

  #keep(sector: number, bytes: number): void {
    const from = sector * SECTOR_BYTES
    if (from >= this.durable.length) return
    this.bytes.copy(this.durable, from, from, Math.min(from + bytes, this.bytes.length))
  }

  /** What was to change in a sector is neither as it was nor as it should be. */
  #spoil(sector: number, random: Random): void {
    const end = Math.min((sector + 1) * SECTOR_BYTES, this.durable.length, this.bytes.length)
    for (let at = sector * SECTOR_BYTES; at < end; at++) {
      if (this.durable[at] !== this.bytes[at]) this.durable[at] = random.below(256)
    }
  }
}

type NameChange = { readonly name: string; readonly content: Content } | { readonly from: string; readonly to?: string }

/** Stops a process at an operation: from then on its disk answers nothing but this. */
export class Stopped extends Error {
  /** This is the operation. */
  readonly isNow: boolean

  constructor(isNow: boolean) {
    super('the process was stopped')
    this.isNow = isNow
  }
}

/**
 * A disk in memory that breaks as disks do. Each `process()` sees it through a `Disk` of its own, until it is stopped.
 *
 * Everything that was not flushed is lost in part by `cutPower`, and is all there after `kill`. After a flush that failed, what it
 * was to write is still seen, is on the disk in part, and is not written by the next flush: Linux does so.
 */
export class SimulatedDisk {
  readonly #random: Random
  readonly #durable = new Map<string, Content>()
  #names = new Map<string, Content>()
  #changes: NameChange[] = []
  /** Bytes that all files may have together. */
  capacity: number = Number.POSITIVE_INFINITY
  faults: Faults = { shortWrites: 0, failedFlushes: 0 }
  /** Operations until the process is stopped. */
  operationsLeft: number = Number.POSITIVE_INFINITY
  isLocked = false
  /** Returns when the disk has come to an operation, and once more when it has done it. Default: at once. */
  pause: (() => Promise<void>) | undefined
  #process = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** The bytes of a file, to be looked at or damaged; `undefined` when there is none. */
  content(name: string): Buffer | undefined {
    return this.#names.get(name)?.bytes
  }

  get names(): readonly string[] {
    return [...this.#names.keys()].sort()
  }

  /** Something was written and is not flushed. */
  get isDirty(): boolean {
    return [...this.#names.values()].some(({ dirty }) => dirty.size > 0)
  }

  get usedBytes(): number {
    return [...this.#names.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** Puts a file onto the disk. */
  put(name: string, bytes: Uint8Array): void {
    const content = new Content()
    content.write(bytes, 0)
    content.flush()
    this.#names.set(name, content)
    this.#durable.set(name, content)
  }

  /** Changes a byte for good. @returns What brings it back, as far as it is there still. */
  damage(name: string, position: number): () => void {
    const content = this.#names.get(name)
    const before = content?.bytes[position]
    if (content === undefined || before === undefined) return () => undefined
    const spoilt = before ^ (1 << this.#random.below(8))
    const put = (from: number, to: number) => {
      for (const bytes of [content.bytes, content.durable]) if (bytes[position] === from) bytes[position] = to
    }
    put(before, spoilt)
    return () => put(spoilt, before)
  }

  /** Takes a file from the disk. */
  take(name: string): void {
    this.#names.delete(name)
    this.#durable.delete(name)
  }

  /** The process is gone, the machine runs on. */
  kill(): void {
    this.#process++
    this.isLocked = false
    this.operationsLeft = Number.POSITIVE_INFINITY
  }

  /** The machine is off: what was not flushed is there in part. */
  cutPower(): void {
    this.kill()
    for (const change of this.#changes) if (this.#random.chance(50)) apply(this.#durable, change)
    this.#changes = []
    this.#names = new Map(this.#durable)
    for (const content of new Set(this.#names.values())) content.cutPower(this.#random)
  }

  /** The disk as a process sees it. */
  process(): Disk {
    const process = this.#process
    const step = async () => {
      await this.pause?.()
      this.#step(process)
    }
    const change = (each: NameChange) => {
      this.#changes.push(each)
      apply(this.#names, each)
    }
    return {
      path: 'simulated',
      lock: async () => {
        await step()
        if (this.isLocked) return 'another process'
        this.isLocked = true
        return undefined
      },
      list: async () => {
        await step()
        return this.names
      },
      open: async (name) => {
        await step()
        return this.#file(this.#named(name), step, process)
      },
      create: async (name) => {
        await step()
        if (this.#names.has(name)) throw systemError('EEXIST', name)
        const content = new Content()
        change({ name, content })
        return this.#file(content, step, process)
      },
      rename: async (from, to) => {
        await step()
        this.#named(from)
        change({ from, to })
      },
      remove: async (name) => {
        await step()
        this.#named(name)
        change({ from: name })
      },
      flushNames: async () => {
        await step()
        for (const each of this.#changes) apply(this.#durable, each)
        this.#changes = []
      },
      freeBytes: async () => {
        await step()
        return this.capacity - this.usedBytes
      },
      close: async () => {
        if (process === this.#process) this.isLocked = false
      },
    }
  }

  #file(content: Content, step: () => Promise<void>, process: number): DiskFile {
    const write = (bytes: Uint8Array, position: number) => {
      const isShort = this.#happens(this.faults.shortWrites)
      const part = isShort ? bytes.subarray(0, 1 + this.#random.below(bytes.length)) : bytes
      const grows = Math.max(0, position + part.length - content.bytes.length)
      if (this.usedBytes + grows > this.capacity) throw systemError('ENOSPC', 'write')
      try {
        this.#step(process)
      } catch (error) {
        // Stopped in the middle: some of it was written.
        const isNow = error instanceof Stopped && error.isNow
        if (isNow) content.write(bytes.subarray(0, this.#random.below(bytes.length + 1)), position)
        throw error
      }
      content.write(part, position)
      return part.length
    }
    return {
      size: async () => content.bytes.length,
      read: async (into, position) => {
        await step()
        return content.bytes.copy(into, 0, Math.min(position, content.bytes.length))
      },
      write: async (bytes, position) => {
        await this.pause?.()
        return write(bytes, position)
      },
      writeNow: write,
      flush: async () => {
        await step()
        // Others go on while a flush goes on, and what they write is none of its.
        const dirty = [...content.dirty]
        await Promise.resolve()
        await step()
        if (!this.#happens(this.faults.failedFlushes)) return content.flush(dirty)
        content.flush(dirty.filter(() => this.#random.chance(50)))
        content.dirty.clear()
        throw systemError('EIO', 'fdatasync')
      },
      close: async () => undefined,
    }
  }

  #named(name: string): Content {
    const content = this.#names.get(name)
    if (content === undefined) throw systemError('ENOENT', name)
    return content
  }

  #happens(inThousand: number): boolean {
    return inThousand > 0 && this.#random.below(1_000) < inThousand
  }

  #step(process: number): void {
    if (process !== this.#process) throw new Stopped(false)
    if (this.operationsLeft > 0) {
      this.operationsLeft--
      return
    }
    this.#process++
    throw new Stopped(true)
  }
}

function apply(names: Map<string, Content>, change: NameChange): void {
  if ('content' in change) {
    names.set(change.name, change.content)
    return
  }
  const content = names.get(change.from)
  if (content === undefined) return
  names.delete(change.from)
  if (change.to !== undefined) names.set(change.to, content)
}

function resized(bytes: Buffer, length: number): Buffer {
  const grown = Buffer.alloc(length)
  bytes.copy(grown)
  return grown
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}
