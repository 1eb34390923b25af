import { type Disk, Journal, type JournalNotice, type JournalOptions } from '../../src/backends/daemon/journal/index.ts'

/** A journal whose records were read, with what was told on the way. */
export interface Opened {
  readonly journal: Journal
  readonly records: readonly string[]
  /** The chunks of the image, joined. */
  readonly image: string | undefined
  readonly notices: readonly JournalNotice[]
}

/** Opens a journal and reads all of it, as text. */
export async function openJournal(disk: Disk, options: JournalOptions = {}): Promise<Opened> {
  const notices: JournalNotice[] = []
  const journal = await Journal.open(disk, { ...options, onNotice: (notice) => notices.push(notice) })
  try {
    const { image } = journal.recovery
    let imageText = image === undefined ? undefined : ''
    for await (const chunk of image?.chunks() ?? []) imageText += Buffer.from(chunk).toString()
    return { journal, image: imageText, records: await texts(journal.recovery.records), notices }
  } catch (error) {
    await journal.close()
    throw error
  }
}

/** Records as text. */
export async function texts(lists: AsyncIterable<readonly { readonly bytes: Uint8Array }[]>): Promise<string[]> {
  const records: string[] = []
  for await (const list of lists) records.push(...list.map(({ bytes }) => Buffer.from(bytes).toString()))
  return records
}

/** Appends records one after the other, each durable before the next: a frame for each. */
export async function appendEach(journal: Journal, records: readonly string[], time: number = 1_000): Promise<void> {
  for (const record of records) {
    journal.append(Buffer.from(record), time)
    await journal.whenDurable()
  }
}
