import type { Disk, DiskFile } from '../../src/backends/daemon/journal/index.ts'

/** A disk, and what was asked of it. */
export interface Watched {
  readonly disk: Disk
  /** In order, in words: `open NAME`, `write NAME at PLACE: 5`, `flush names`. */
  readonly log: string[]
  /** How many of its files are open. */
  openFiles(): number
}

/** Writes down what is asked of a disk, and has it done; of a file that is closed nothing can be asked. */
export function watched(disk: Disk): Watched {
  const log: string[] = []
  let open = 0
  const file = (name: string, made: DiskFile): DiskFile => {
    open++
    let isClosed = false
    const note = (line: string) => {
      log.push(line)
      // Source: close(2), NOTES: its number may be another file's by now.
      if (isClosed) throw Object.assign(new Error(`EBADF: ${line}`), { code: 'EBADF' })
    }
    return {
      size: () => made.size(),
      read: async (into, position) => {
        note(`read ${name} at ${position}: ${into.length}`)
        return made.read(into, position)
      },
      write: async (bytes, position) => {
        note(`write ${name} at ${position}: ${bytes.length}`)
        return made.write(bytes, position)
      },
      writeNow: (bytes, position) => {
        note(`write ${name} at ${position}: ${bytes.length}`)
        return made.writeNow(bytes, position)
      },
      flush: async () => {
        note(`flush ${name}`)
        return made.flush()
      },
      close: async () => {
        note(`close ${name}`)
        isClosed = true
        open--
        return made.close()
      },
    }
  }
  const told: Disk = {
    ...disk,
    open: async (name) => {
      log.push(`open ${name}`)
      return file(name, await disk.open(name))
    },
    create: async (name) => {
      log.push(`create ${name}`)
      return file(name, await disk.create(name))
    },
    rename: (from, to) => {
      log.push(`rename ${from} to ${to}`)
      return disk.rename(from, to)
    },
    remove: (name) => {
      log.push(`remove ${name}`)
      return disk.remove(name)
    },
    flushNames: () => {
      log.push('flush names')
      return disk.flushNames()
    },
  }
  return { disk: told, log, openFiles: () => open }
}
