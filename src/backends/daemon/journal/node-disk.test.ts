import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import fs from 'node:fs'
import fsp, { type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { openDisk } from './node-disk.ts'

const directory = fs.mkdtempSync(path.join(tmpdir(), 'msgq-disk-'))
let made = 0
const fresh = () => path.join(directory, String(made++))

after(() => fs.rmSync(directory, { recursive: true }))

const modeOf = (place: string) => fs.statSync(place).mode & 0o777

/** What Node is asked to flush meanwhile, with which call: what is on a disk nobody can see while the power is on. */
async function flushedBy(work: () => Promise<unknown>): Promise<string[]> {
  const flushed: string[] = []
  const { open } = fsp
  const watchedOpen = async (place: string, ...rest: [string, number?]): Promise<FileHandle> => {
    const file = await open(place, ...rest)
    for (const call of ['sync', 'datasync'] as const) {
      const flush = file[call].bind(file)
      file[call] = () => {
        flushed.push(`${call} ${path.relative(directory, place)}`)
        return flush()
      }
    }
    return file
  }
  Object.assign(fsp, { open: watchedOpen })
  try {
    await work()
  } finally {
    Object.assign(fsp, { open })
  }
  return flushed
}

test('openDisk has the name of every directory that it makes on the disk, and makes none that is there', async () => {
  const top = fresh()
  const name = path.basename(top)
  const made = await flushedBy(() => openDisk(path.join(top, 'a', 'b')))
  deepEqual(made, [`sync ${name}/a`, `sync ${name}`, 'sync '])
  deepEqual(await flushedBy(() => openDisk(path.join(top, 'c'))), [`sync ${name}`])
  deepEqual(await flushedBy(() => openDisk(path.join(top, 'a'))), [])
})

test('a disk flushes a file’s content, and the directory’s names, when it is told to and not before', async () => {
  const place = fresh()
  const name = path.basename(place)
  const disk = await openDisk(place)
  const flushed = await flushedBy(async () => {
    const file = await disk.create('a')
    await file.write(Buffer.from('bytes'), 0)
    await file.flush()
    await file.close()
    await disk.rename('a', 'b')
    await disk.flushNames()
  })
  deepEqual(flushed, [`datasync ${name}/a`, `sync ${name}`])
})

test('a file of a disk is let go of when it is closed', async () => {
  const disk = await openDisk(fresh())
  const open = () => fs.readdirSync('/proc/self/fd').length
  const before = open()
  const file = await disk.create('a')
  equal(open(), before + 1)
  await file.close()
  equal(open(), before)
})

test('openDisk makes a directory, and those above it, for their owner alone, and takes one that is there', async () => {
  const place = path.join(fresh(), 'made', 'too')
  const disk = await openDisk(place)
  equal(disk.path, place)
  deepEqual([modeOf(place), modeOf(path.dirname(place))], [0o700, 0o700])
  deepEqual(await disk.list(), [])
  fs.writeFileSync(path.join(place, 'a'), 'bytes')
  deepEqual(await (await openDisk(place)).list(), ['a'])
  await rejects(openDisk(path.join(place, 'a', 'b')), { code: 'ENOTDIR' })
})

test('a file of a disk is read and written at any place, at its end too', async () => {
  const place = fresh()
  const disk = await openDisk(place)
  const file = await disk.create('a')
  equal(modeOf(path.join(place, 'a')), 0o600)
  equal(await file.write(Buffer.from('hello'), 3), 5)
  equal(file.writeNow(Buffer.from('HE'), 3), 2)
  await file.flush()
  equal(await file.size(), 8)
  const into = Buffer.alloc(10, '.')
  deepEqual([await file.read(into, 2), into.toString('latin1')], [6, '\0HEllo....'])
  equal(await file.read(into, 8), 0)
  await file.close()
  const again = await disk.open('a')
  equal(await again.write(Buffer.from('!'), 8), 1)
  equal(await again.size(), 9)
  await again.close()
  equal(fs.readFileSync(path.join(place, 'a'), 'latin1'), '\0\0\0HEllo!')
})

test('a disk renames, removes and flushes names, and says what cannot be', async () => {
  const place = fresh()
  const disk = await openDisk(place)
  for (const name of ['a', 'b']) await (await disk.create(name)).close()
  await rejects(disk.create('a'), { code: 'EEXIST' })
  await rejects(disk.open('c'), { code: 'ENOENT' })
  await rejects(disk.remove('c'), { code: 'ENOENT' })
  await disk.rename('a', 'b')
  await disk.flushNames()
  deepEqual(await disk.list(), ['b'])
  await disk.remove('b')
  deepEqual(await disk.list(), [])
  fs.rmdirSync(place)
  await rejects(disk.flushNames(), { code: 'ENOENT' })
})

test('a disk says how many bytes this user may still write', async () => {
  const disk = await openDisk(fresh())
  const { bavail, bsize } = fs.statfsSync(directory)
  const free = await disk.freeBytes()
  ok(free > 0 && Math.abs(free - bavail * bsize) < 0.1 * bavail * bsize, `${free}, and ${bavail} blocks of ${bsize}`)
})

test('a disk is one opener’s until it is closed, and tells others whose it is', async () => {
  const place = fresh()
  const [one, other] = [await openDisk(place), await openDisk(place)]
  equal(await one.lock(), undefined)
  equal(fs.readFileSync(path.join(place, 'lock'), 'utf8'), `process ${process.pid}\n`)
  equal(modeOf(path.join(place, 'lock')), 0o600)
  match((await other.lock()) ?? '', new RegExp(`^process ${process.pid}$`))
  fs.writeFileSync(path.join(place, 'lock'), ' \n')
  equal(await other.lock(), 'another process', 'one that has not said yet who it is')
  await one.close()
  await one.close()
  fs.writeFileSync(path.join(place, 'lock'), 'a longer text than that of a process')
  equal(await other.lock(), undefined)
  equal(fs.readFileSync(path.join(place, 'lock'), 'utf8'), `process ${process.pid}\n`, 'nothing of the text before')
  await other.close()
})

test('a disk that is refused leaves no file open', async () => {
  const place = fresh()
  const [one, other] = [await openDisk(place), await openDisk(place)]
  await one.lock()
  const open = () => fs.readdirSync('/proc/self/fd').length
  const before = open()
  for (let count = 0; count < 5; count++) ok(await other.lock())
  await other.flushNames()
  equal(open(), before)
  await one.close()
  equal(open(), before - 1)
})
