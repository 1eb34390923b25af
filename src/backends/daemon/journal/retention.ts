import type { Disk } from './disk.ts'
import { type ImageFile, imageName, imageSequence } from './image-file.ts'
import type { Segment } from './segment.ts'

/** How long images and records that a newer image covers stay, for looking back. Both limits hold. */
export interface Retain {
  /** Instants of the last so many milliseconds, counted back from the newest record. Default 0: only the newest image stays. */
  readonly ms?: number
  /** Most bytes for what is only for looking back. Default 0. */
  readonly bytes?: number
}

/** The states from which records can be replayed, oldest first: images, and before them the beginning, as `undefined`. */
export function basesOf(
  segments: readonly Segment[],
  images: readonly ImageFile[],
): readonly (ImageFile | undefined)[] {
  const first = segments.find((segment) => segment.first !== undefined)?.first
  return first === 1 || images.length === 0 ? [undefined, ...images] : images
}

/** The oldest state that stays: the last record that it covers. */
export function oldestKept(
  segments: readonly Segment[],
  images: readonly ImageFile[],
  now: number,
  { ms = 0, bytes: bytesMax = 0 }: Retain,
): number {
  const bases = basesOf(segments, images)
  const newest = bases.at(-1)
  const covered = coveredSegments(segments, newest?.sequence ?? 0)
  let kept = newest
  let imageBytes = 0
  for (const base of bases.slice(0, -1).reverse()) {
    // Every instant that is to be reached can be from the kept one on.
    if ((kept?.time ?? 0) <= now - ms) break
    imageBytes += base?.bytes ?? 0
    const needed = covered.slice(coveredSegments(segments, base?.sequence ?? 0).length)
    if (imageBytes + needed.reduce((sum, { bytes }) => sum + bytes, 0) > bytesMax) break
    kept = base
  }
  return kept?.sequence ?? 0
}

/** The segments in which every record is covered by an image: a later one begins with a record up to the next. */
export function coveredSegments(segments: readonly Segment[], sequence: number): readonly Segment[] {
  const needed = segments.findLastIndex(({ first }) => first !== undefined && first <= sequence + 1)
  return segments.slice(0, Math.max(needed, 0))
}

/**
 * Removes segments, and images older than one, oldest first, each for good before the next: what remains has no gap,
 * whenever the power is cut.
 */
export async function removeBefore(disk: Disk, segments: readonly Segment[], sequence: number): Promise<void> {
  const images = (await disk.list()).flatMap((name) => imageSequence(name) ?? []).filter((each) => each < sequence)
  for (const covered of images.sort((one, other) => one - other)) {
    await disk.remove(imageName(covered))
    await disk.flushNames()
  }
  for (const { name } of segments) {
    await disk.remove(name)
    await disk.flushNames()
  }
}
