import { type Frame, readFrame } from '../../src/backends/daemon/journal/frame.ts'
import { decodeHeader, HEADER_BYTES } from '../../src/backends/daemon/journal/header.ts'
import { imageSequence } from '../../src/backends/daemon/journal/image-file.ts'
import { SEGMENT_HEADER_BYTES, segmentNumber } from '../../src/backends/daemon/journal/segment.ts'
import type { SimulatedDisk } from './disk.ts'

/** Bytes of a file. */
export interface Span {
  readonly name: string
  readonly from: number
  readonly to: number
}

/**
 * Where a journal sees that bytes are not what was written, or needs them not: in images, and in frames that a later one knew to be
 * on the disk. A last frame that is damaged is like one that was never whole.
 */
export function provableSpans(disk: SimulatedDisk): Span[] {
  const spans: Span[] = []
  const frames: { readonly span: Span; readonly frame: Frame }[] = []
  for (const name of disk.names) {
    const bytes = disk.content(name)
    if (bytes === undefined || bytes.length === 0) continue
    if (imageSequence(name) !== undefined) spans.push({ name, from: 0, to: bytes.length })
    const header = segmentNumber(name) === undefined ? undefined : headerOf(name, bytes)
    let at = SEGMENT_HEADER_BYTES
    for (
      let frame = header && readFrame(bytes, at, header.crc);
      header && frame;
      frame = readFrame(bytes, at, header.crc)
    ) {
      frames.push({ span: { name, from: at, to: frame.end }, frame })
      at = frame.end
    }
  }
  const known = Math.max(0, ...frames.map(({ frame }) => frame.flushed))
  for (const { span, frame } of frames) if (frame.last <= known) spans.push(span)
  return spans
}

function headerOf(name: string, bytes: Buffer) {
  return decodeHeader('msgqsegm', name, bytes.subarray(0, HEADER_BYTES))
}
