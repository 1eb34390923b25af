import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import {
  critJsonAsImage,
  critJsonOf,
  type ImageKind,
  imageAsNdjson,
  imageKindAt,
  readImageAt,
  writeImage,
} from '../../image/index.ts'
import { textOption } from '../arguments.ts'
import type { Arguments, CommandContext } from '../command.ts'
import { UsageError } from '../errors.ts'

/** What an image can be turned into: crit's JSON, CRIU's file, NDJSON, a directory that `restore` takes. */
const FORMATS = ['crit', 'criu', 'ndjson', 'image'] as const
type Format = (typeof FORMATS)[number]

/** What each kind becomes, first without `--to`. */
const WAYS: { readonly [Kind in ImageKind]: readonly Format[] } = {
  directory: ['ndjson', 'image'],
  'ipcns-msg': ['crit', 'ndjson', 'image'],
  'ipcns-var': ['crit', 'ndjson', 'image'],
  crit: ['criu', 'ndjson', 'image'],
  ndjson: ['image', 'ndjson'],
}

// Queues may hold what only their owner may read.
const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** `msgq image convert FROM [TO]` */
export async function convertImage(given: Arguments, { output, interrupted }: CommandContext): Promise<void> {
  const [from = '', to] = given.operands
  const format = formatFor(await imageKindAt(from), textOption(given, 'to'))
  if (format === 'image') {
    if (to === undefined) throw new UsageError('an image is a directory', `say which: image convert ${from} DIR`)
    // Whole or not at all: what cannot be read makes no directory.
    const { checkpoint, namespaceNumber, variables } = await readImageAt(from)
    interrupted.throwIfAborted()
    await mkdir(to, { mode: DIRECTORY_MODE })
    return orRemove(to, () => writeImage(to, checkpoint, { namespaceNumber, variables }))
  }
  const chunks = converted(from, format)
  if (to === undefined) {
    for await (const chunk of chunks) {
      interrupted.throwIfAborted()
      await output.bytes(chunk)
    }
    return format === 'crit' ? output.bytes('\n') : undefined
  }
  const file = await open(to, 'wx', FILE_MODE)
  await orRemove(to, async () => {
    try {
      for await (const chunk of chunks) {
        interrupted.throwIfAborted()
        await file.writeFile(chunk)
      }
    } finally {
      await file.close()
    }
  })
}

function formatFor(kind: ImageKind, asked: string | undefined): Format {
  const ways = WAYS[kind]
  const [first = 'image'] = ways
  const format = asked === undefined ? first : FORMATS.find((one) => one === asked)
  if (format === undefined) throw new UsageError(`--to does not know ${asked}`, `it knows ${FORMATS.join(', ')}`)
  if (ways.includes(format)) return format
  const hint = kind === 'directory' ? 'name one of its files: ipcns-msg-1.img' : 'convert it to an image first'
  throw new UsageError(`of ${kind} can be made ${ways.join(' or ')}, not ${format}`, hint)
}

async function* converted(from: string, format: Exclude<Format, 'image'>): AsyncGenerator<string | Uint8Array> {
  if (format === 'ndjson') return yield* imageAsNdjson(await readImageAt(from))
  const bytes = new Uint8Array(await readFile(from))
  const name = basename(from)
  yield format === 'crit' ? critJsonOf(bytes, name) : critJsonAsImage(new TextDecoder().decode(bytes), name)
}

/** A part of what was to be made is none. @param to What this command has just made there. */
async function orRemove(to: string, fill: () => Promise<void>): Promise<void> {
  try {
    await fill()
  } catch (error) {
    await rm(to, { recursive: true, force: true })
    throw error
  }
}
