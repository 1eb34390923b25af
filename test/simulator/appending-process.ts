/** Appends numbers to the journal of a directory until it is killed, and tells its parent which are durable. */
import { Journal, openDisk } from '../../src/backends/daemon/journal/index.ts'

const IN_FLIGHT = 50

const [, , directory = ''] = process.argv
const journal = await Journal.open(await openDisk(directory), {
  segmentBytes: 65_536,
  onDurable: (sequence) => {
    process.send?.(sequence)
    append()
  },
})
for await (const _ of journal.recovery.records);
append()

function append(): void {
  while (journal.last.sequence < journal.durable + IN_FLIGHT) {
    journal.append(Buffer.from(String(journal.last.sequence + 1)), Date.now())
  }
}
