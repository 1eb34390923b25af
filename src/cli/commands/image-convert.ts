import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { critJsonAsImage, critJsonOf } from '../../image/index.ts'
import type { Arguments, CommandContext } from '../command.ts'
import { UsageError } from '../errors.ts'

const OPENING_BRACE = 0x7b
// Queues may hold what only their owner may read.
const FILE_MODE = 0o600

/** `msgq image convert FROM [TO]` */
export async function convertImage(
  { operands: [from = '', to] }: Arguments,
  { output, interrupted }: CommandContext,
): Promise<void> {
  if ((await stat(from)).isDirectory()) {
    throw new UsageError(`${from} is a directory`, `name one of its files: msgq image convert ${from}/ipcns-msg-1.img`)
  }
  const bytes = new Uint8Array(await readFile(from))
  const name = basename(from)
  const isJson = bytes[0] === OPENING_BRACE
  const converted = isJson ? critJsonAsImage(new TextDecoder().decode(bytes), name) : critJsonOf(bytes, name)
  interrupted.throwIfAborted()
  if (to === undefined) return output.bytes(typeof converted === 'string' ? `${converted}\n` : converted)
  try {
    await writeFile(to, converted, { flag: 'wx', mode: FILE_MODE })
  } catch (error) {
    // A part of a file is none; one that stood there before was not touched.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) await rm(to, { force: true })
    throw error
  }
}
