/**
 * One directory of a disk, and no more of it than a journal needs: small enough that a test can be a disk which breaks.
 * Names are without a path. What is said to be on the disk survives a power cut.
 */
export interface Disk {
  /** What to call the directory in errors. */
  readonly path: string
  /** Takes the directory for this process alone, until `close` or the process's end. @returns Whose it is when it is not free. */
  lock(): Promise<string | undefined>
  /** The names in it. */
  list(): Promise<readonly string[]>
  /** Opens a file that is there. */
  open(name: string): Promise<DiskFile>
  /** Makes a file. @throws `EEXIST` the name is taken. */
  create(name: string): Promise<DiskFile>
  /** Gives a file another name, replacing the file of that name. */
  rename(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
  /** Returns when the names are on the disk as they are. */
  flushNames(): Promise<void>
  /** Bytes that this user may still write. */
  freeBytes(): Promise<number>
  /** Lets go of the directory. */
  close(): Promise<void>
}

/** An open file. Positions and sizes are bytes from its beginning. */
export interface DiskFile {
  size(): Promise<number>
  /** @returns How many bytes were read; 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>
  /** @returns How many bytes were written: a write may be short. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** As `write`, on this thread: the bytes go into memory of the kernel's, which takes less time than to ask another thread. */
  writeNow(bytes: Uint8Array, position: number): number
  /** Returns when the content is on the disk. @see fdatasync(2) */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Reads a part of a file; what lies behind its end is zeros. */
export async function readPart(file: DiskFile, position: number, bytes: number): Promise<Buffer> {
  const into = Buffer.alloc(bytes)
  for (let at = 0; at < bytes; ) {
    const read = await file.read(into.subarray(at), position + at)
    if (read === 0) break
    at += read
  }
  return into
}

/** Writes all of it, however short each write is. */
export async function writeAll(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await file.write(bytes.subarray(at), position + at)
}

/** As `writeAll`, on this thread. */
export function writeAllNow(file: DiskFile, bytes: Uint8Array, position: number): void {
  let at = file.writeNow(bytes, position)
  while (at < bytes.length) at += file.writeNow(bytes.subarray(at), position + at)
}

/** There is less room than is needed, as a write would have found out. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError'
  readonly code = 'ENOSPC'
}

/** The disk, or this user's share of it, is full. @see write(2) */
export function isFullDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}
