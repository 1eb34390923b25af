import { ClosedPipe } from './errors.ts'

/** What a stream is to us; `process.stdout` and `process.stderr` are such. */
export interface Sink {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(chunk: string | Uint8Array, done: (error?: Error | null) => void): boolean
  on(event: 'error' | 'resize', listener: (error: Error) => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

/** Resolves when a chunk is with the reader, or its pipe. @throws {ClosedPipe} nobody reads it any more. */
export function write(sink: Sink, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.write(chunk, (error) => {
      if (!error) resolve()
      else reject('code' in error && isClosedPipe(String(error.code)) ? new ClosedPipe(error.message) : error)
    })
  })
}

/** Windows says EOF where others say EPIPE. */
function isClosedPipe(code: string): boolean {
  return /^(EPIPE|EOF)$/.test(code)
}
