import fs from 'node:fs'
import fsp, { type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import { lockFile } from './lock.ts'

// A journal holds messages, which only their owner may read.
const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600
const LOCK_NAME = 'lock'

/**
 * A directory of this machine, made when it is not there, for its owner alone.
 *
 * @throws Node's own system error: `EACCES`, `ENOSPC` …
 */
export async function openDisk(directory: string): Promise<Disk> {
  const made = await fsp.mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
  if (made !== undefined) await flushMade(path.resolve(directory), path.resolve(made))
  return new NodeDisk(directory)
}

class NodeDisk implements Disk {
  readonly path: string
  #lock: FileHandle | undefined

  constructor(directory: string) {
    this.path = directory
  }

  async lock(): Promise<string | undefined> {
    const { O_RDWR, O_CREAT } = fs.constants
    const file = await fsp.open(this.#place(LOCK_NAME), O_RDWR | O_CREAT, FILE_MODE)
    if (!(await lockFile(file.fd))) {
      const owner = await file.readFile('utf8')
      await file.close()
      return owner.trim() === '' ? 'another process' : owner.trim()
    }
    this.#lock = file
    await file.truncate(0)
    await file.write(`process ${process.pid}\n`, 0)
    return undefined
  }

  list(): Promise<readonly string[]> {
    return fsp.readdir(this.path)
  }

  async open(name: string): Promise<DiskFile> {
    return new NodeFile(await fsp.open(this.#place(name), 'r+'))
  }

  async create(name: string): Promise<DiskFile> {
    return new NodeFile(await fsp.open(this.#place(name), 'wx+', FILE_MODE))
  }

  rename(from: string, to: string): Promise<void> {
    return fsp.rename(this.#place(from), this.#place(to))
  }

  remove(name: string): Promise<void> {
    return fsp.unlink(this.#place(name))
  }

  flushNames(): Promise<void> {
    return flushDirectory(this.path)
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await fsp.statfs(this.path)
    return bavail * bsize
  }

  async close(): Promise<void> {
    await this.#lock?.close()
    this.#lock = undefined
  }

  #place(name: string): string {
    return path.join(this.path, name)
  }
}

class NodeFile implements DiskFile {
  readonly #file: FileHandle
  /** To ask the handle for it is a call into Node's C++. */
  readonly #fd: number

  constructor(file: FileHandle) {
    this.#file = file
    this.#fd = file.fd
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return (await this.#file.read(into, 0, into.length, position)).bytesRead
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return (await this.#file.write(bytes, 0, bytes.length, position)).bytesWritten
  }

  writeNow(bytes: Uint8Array, position: number): number {
    return fs.writeSync(this.#fd, bytes, 0, bytes.length, position)
  }

  flush(): Promise<void> {
    return this.#file.datasync()
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** A directory is on the disk when the directory that names it is. */
async function flushMade(directory: string, firstMade: string): Promise<void> {
  for (let each = directory; each.length >= firstMade.length; each = path.dirname(each)) {
    await flushDirectory(path.dirname(each))
  }
}

async function flushDirectory(directory: string): Promise<void> {
  const opened = await fsp.open(directory, 'r')
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}
