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
  /**
   * Appends a record, once however often it is repeated with the same id within the log's memory of ids.
   *
   * @returns Its place, once it is durable on a majority. @throws it may be there or not: repeat it with the same id.
   */
  append(bytes: Uint8Array, id: string): Promise<number>
  /** The records from a place on, as many as come at once: none where the log is not so long. @throws nobody answers. */
  read(from: number): Promise<readonly LogRecord[]>
  /** Has `hear` called when the log may have grown. */
  onGrowth(hear: () => void): void
  /** Tells other replicas that the log has grown. */
  announce(): void
  close(): Promise<void>
}
