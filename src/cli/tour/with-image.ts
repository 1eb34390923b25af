import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Checkpoint } from '../../engine/index.ts'
import { type Image, readImage, writeImage } from '../../image/index.ts'

/** An image in files, while `use` runs. */
export interface WrittenImage {
  readonly directory: string
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[]
  /** What the files hold, read from them. */
  readonly image: Image
}

/** Writes a checkpoint into a temporary directory, reads it back for `use`, and removes the directory afterwards. */
export async function withImage<Result>(
  checkpoint: Checkpoint,
  use: (written: WrittenImage) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'msgq-tour-'))
  try {
    await writeImage(directory, checkpoint)
    const names = (await readdir(directory)).sort()
    const files = await Promise.all(
      names.map(async (name) => ({ name, sizeBytes: (await stat(join(directory, name))).size })),
    )
    return await use({ directory, files, image: await readImage(directory) })
  } finally {
    await rm(directory, { recursive: true })
  }
}
