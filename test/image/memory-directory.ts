import type { FileDecoder } from '../../src/image/chunk-reader.ts'
import type { ImagePart } from '../../src/image/image-parts.ts'
import type { ImageDirectory } from '../../src/image/replace.ts'
import { type FileSeal, type SealedResult, sealOf } from '../../src/image/seal.ts'

/**
 * A directory in memory. A test is told of each operation before it is done, as `rename FROM TO` for instance, may change
 * the files then, and may throw what the disk would.
 */
export class MemoryDirectory implements ImageDirectory {
  readonly path = 'memory'
  readonly files: Map<string, Uint8Array>
  /** All operations, in order. */
  readonly operations: string[] = []
  #before: (operation: string) => void = () => undefined

  constructor(files: Iterable<readonly [name: string, content: Uint8Array]>) {
    this.files = new Map(files)
  }

  before(look: (operation: string) => void): void {
    this.#before = look
  }

  async list(): Promise<string[]> {
    this.#begin('list')
    return [...this.files.keys()]
  }

  async read<Result>(name: string, decoder: FileDecoder<Result>): Promise<SealedResult<Result> | undefined> {
    this.#begin(`read ${name}`)
    const content = this.files.get(name)
    if (content === undefined) return undefined
    const result = () => {
      this.#before(`understand ${name}`)
      decoder.feed(content)
      return decoder.end()
    }
    return { seal: await sealOf(content), result }
  }

  async write(name: string, chunks: ReturnType<ImagePart['chunks']>): Promise<FileSeal> {
    this.#begin(`write ${name}`)
    const gathered: Uint8Array[] = []
    for await (const chunk of chunks) gathered.push(chunk.slice())
    const content = Uint8Array.from(Buffer.concat(gathered))
    this.files.set(name, content)
    return sealOf(content)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#begin(`rename ${from} ${to}`)
    this.files.set(to, this.#existing(from))
    this.files.delete(from)
  }

  async remove(name: string): Promise<void> {
    this.#begin(`remove ${name}`)
    this.#existing(name)
    this.files.delete(name)
  }

  async flush(): Promise<void> {
    this.#begin('flush')
  }

  #begin(operation: string): void {
    this.operations.push(operation)
    this.#before(operation)
  }

  #existing(name: string): Uint8Array {
    const content = this.files.get(name)
    if (content === undefined) throw new Error(`${name} is not there`)
    return content
  }
}
