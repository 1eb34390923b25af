import type { Disk, DiskFile } from '../../src/backends/daemon/journal/index.ts'

/** A disk, and what was asked of it. */
export interface Watched {
  readonly disk: Disk
  /** In order, in words: `open NAME`, `write NAME at PLACE: 5`, `flush names`. */
  readonly log: string[]
  /** How many of its files are open. */
  openFiles(): number
}

/** Writes down what is asked of a disk, and has it done. */
export function watched(disk: Disk): Watched {
  const log: string[] = []
  let open = 0
  const file = (name: string, made: DiskFile): DiskFile => {
    open++
    return {
      ...made,
      read: (into, position) => {
        log.push(`read ${name} at ${position}: ${into.length}`)
        return made.read(into, position)
      },
      write: (bytes, position) => {
        log.push(`write ${name} at ${position}: ${bytes.length}`)
        return made.write(bytes, position)
      },
      writeNow: (bytes, position) => {
        log.push(`write ${name} at ${position}: ${bytes.length}`)
        return made.writeNow(bytes, position)
      },
      flush: () => {
        log.push(`flush ${name}`)
        return made.flush()
      },
      close: () => {
        open--
        log.push(`close ${name}`)
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
