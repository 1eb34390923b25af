/** Messages of an image, oldest first, in numbers alone: for whoever packs millions of them. */
export interface PlainMessages {
  /** Where their payloads lie. */
  readonly source: DataView
  /** The type of each, 1 to 2^31-1. */
  readonly types: Int32Array
  /** Where the payload of each begins in `source`. */
  readonly starts: Int32Array
  /** How many bytes the payload of each is. */
  readonly sizes: Int32Array
}

/** What messages tell that differ in their sequence numbers alone, which rise by equal steps; a negative number is not told. */
export interface ToldAlike {
  /** The first one's. */
  readonly sequence: number
  /** 0 where no sequence number is told. */
  readonly step: number
  readonly pid: number
  readonly uid: number
  readonly time: number
}
