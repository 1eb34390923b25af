/** A fault that somebody could make: exact text of today's source, and what stands in its place while it is planted. */
export interface Fault {
  /** What is wrong then, in a few words. */
  readonly fault: string
  /** A source, from the project's root. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** The test file that must fail, by its source. */
  readonly suite: string
}

/** The source with the fault in it. @throws {Error} Its text is not there, or more than once: the list has rotted. */
export function plant(source: string, { file, find, replace }: Fault): string {
  const parts = source.split(find)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times, not once: ${find}`)
  return parts.join(replace)
}
