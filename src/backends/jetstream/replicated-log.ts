/** One record of a log. */
export interface LogRecord {
  /** Its place, from 1. */
  readonly sequence: number
  readonly bytes: Uint8Array
}

/** A log that several machines keep together: what every replica applies, in its order. Any engine that has one will do. */
export interface ReplicatedLog {
  /** Most bytes of a record. */
  readonly recordBytesMax: number
  readonly images: LogImages
  /**
   * Appends a record, once however often it is repeated with the same id within the log's memory of ids.
   *
   * @returns Its place, once it is durable on a majority. @throws it may be there or not: repeat it with the same id.
   */
  append(bytes: Uint8Array, id: string): Promise<number>
  /**
   * The records from a place on, as many as come at once: none where the log is not so long, and from a later place
   * where it was trimmed. @throws nobody answers.
   */
  read(from: number): Promise<readonly LogRecord[]>
  /** Forgets all records before a place. */
  trim(before: number): Promise<void>
  /** Has `hear` called with the place of a record that another replica has announced: soon, or never. */
  onGrowth(hear: (sequence: number) => void): void
  /** Tells other replicas that the log has a record at a place. */
  announce(sequence: number): void
  close(): Promise<void>
}

/** Where the bytes of an image are kept beside a log. */
export interface KeptBytes {
  /** No other image's, of the same record neither. */
  readonly name: string
  /** None of them lies before this place of the store, from 1. */
  readonly start: number
}

/** An image that is kept beside a log. */
export interface LogImage extends KeptBytes {
  /** The last record that it covers. */
  readonly sequence: number
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly hash: string
  readonly sizeBytes: number
  /** When it was made, milliseconds since 1970. */
  readonly time: number
}

/** The image where replicas begin, and which revision of that choice it is: 0 where there has been none. */
export interface ChosenImage {
  readonly image: LogImage | undefined
  readonly revision: number
}

/** The images beside a log. All throw where nobody answers. */
export interface LogImages {
  chosen(): Promise<ChosenImage>
  /** Keeps what will be an image, once it is chosen. @throws some of it may be there, which nothing reads. */
  write(sequence: number, pieces: AsyncIterable<Uint8Array>): Promise<KeptBytes>
  /** @throws {Error} it is not there, or nothing has come for long. */
  read(image: LogImage): AsyncIterable<Uint8Array>
  /** Chooses an image, if the choice is still of that revision. @returns Whether it was. */
  choose(image: LogImage, revision: number): Promise<boolean>
  /**
   * Forgets all bytes before the start of this one's, whoever wrote them or is about to. It was chosen, and each that is
   * chosen after it in this log starts there or later: so what is chosen stays whole, however late this comes.
   */
  discardBefore(image: LogImage): Promise<void>
}
