/** Something that reads what others wrote. */
export interface Parser {
  readonly name: string
  /** The errors by which it refuses; every other one is a fault. */
  readonly refusals: readonly (new (
    ...words: never[]
  ) => Error)[]
  /** What its mutations begin with, besides the files of corpus/NAME. */
  readonly seeds?: () => Uint8Array[]
  /** Words that mean something to it. */
  readonly words?: readonly string[]
  /** Reads; throws or rejects where it refuses, and where what was read breaks a promise. */
  readonly parse: (bytes: Uint8Array) => unknown
  /** How many times as long as others it takes over an input: it gets fewer. Default 1. */
  readonly cost?: number
  readonly close?: () => Promise<void>
}

/** What was read is not what was written. No parser refuses by it. */
export class BrokenPromise extends Error {}
