import type { Fault } from './fault.ts'

const JOURNALS = 'test/simulator/journal.test.ts'
const SESSIONS = 'test/daemon/sessions.test.ts'
const BAD_CLIENTS = 'test/daemon/bad-clients.test.ts'
const HOSTILE = 'test/daemon/hostile.test.ts'
const JOURNALLED = 'src/backends/daemon/journalled-engine.test.ts'

/** Of the daemon: its journal, and whom it serves. */
export const DAEMON_FAULTS: readonly Fault[] = [
  {
    fault: 'an fsync is skipped',
    file: 'src/backends/daemon/journal/writer.ts',
    find: '        await opened.file.flush()\n        this.#flushed',
    replace: '        this.#flushed',
    suite: JOURNALS,
  },
  {
    fault: 'the name of a new segment is not put on the disk',
    file: 'src/backends/daemon/journal/segment.ts',
    find: 'await disk.flushNames()',
    replace: '',
    suite: JOURNALS,
  },
  {
    fault: 'a failed flush is taken for a good one',
    file: 'src/backends/daemon/journal/writer.ts',
    find: '      return this.fail(error)\n    }\n    this.#done(placed)\n    this.#write()',
    replace: '      this.fail(error)\n    }\n    this.#done(placed)\n    this.#write()',
    suite: JOURNALS,
  },
  {
    fault: 'records that the image covers are replayed once more',
    file: 'src/backends/daemon/journal/replay.ts',
    find: '        if (record.sequence < next) continue\n',
    replace: '',
    suite: 'src/backends/daemon/journal/journal.test.ts',
  },
  {
    fault: 'no CRC is compared',
    file: 'src/backends/daemon/journal/frame.ts',
    find: '  if (crc !== bytes.readUInt32LE(offset + CRC_OFFSET)) return undefined\n',
    replace: '',
    suite: 'src/backends/daemon/journal/damage.test.ts',
  },
  {
    fault: 'an answer does not wait for the disk',
    file: 'src/backends/daemon/journalled-engine.ts',
    find: 'if (sequence <= this.#journal.durable) tell()',
    replace: 'if (sequence >= 0) tell()',
    suite: JOURNALLED,
  },
  {
    fault: 'a journal has no lock',
    file: 'src/backends/daemon/journal/node-disk.ts',
    find: 'if (!(await lockFile(file.fd))) {',
    replace: 'if (file.fd < 0) {',
    suite: 'src/backends/daemon/journal/journal.test.ts',
  },
  {
    fault: 'the reserve of a full disk is given to everybody',
    file: 'src/backends/daemon/journal/writer.ts',
    find: 'const isReserveFree = freesSpace || this.#supply.isReady',
    replace: 'const isReserveFree = freesSpace || this.#tail.bytes > 0',
    suite: 'src/backends/daemon/journal/space.test.ts',
  },
  {
    fault: 'a session is gone on with by whoever knows its number',
    file: 'src/backends/daemon/server/sessions.ts',
    find: '|| !timingSafeEqual(this.#secretOf(session, connection.peer.uid), secret)',
    replace: '',
    suite: SESSIONS,
  },
  {
    fault: 'a client that is gone waits on, and is handed messages',
    file: 'src/backends/daemon/server/sessions.ts',
    find: '    known.isWaiting = !this.#service.interruptAll(session)\n  }\n\n  /** The client has said',
    replace: '  }\n\n  /** The client has said',
    suite: SESSIONS,
  },
  {
    fault: 'a client does not hold what it receives',
    file: 'src/backends/daemon/client/session.ts',
    find: 'return this.perform({ ...call, hold: true }, signal, (ticket) => this.link.accept(ticket))',
    replace: 'return this.perform(call, signal)',
    suite: HOSTILE,
  },
  {
    fault: 'a user speaks for any other',
    file: 'src/backends/daemon/server/callers.ts',
    find: '  if (uid !== peer.uid) throw refused',
    replace: '  if (uid < 0) throw refused',
    suite: HOSTILE,
  },
  {
    fault: 'every user has every capability',
    file: 'src/backends/daemon/server/peer.ts',
    find: 'capabilities: uid === 0 ? ALL_CAPABILITIES : [] }',
    replace: 'capabilities: ALL_CAPABILITIES }',
    suite: 'src/backends/daemon/server/peer.test.ts',
  },
  {
    fault: 'a client that does not read costs memory without end',
    file: 'src/backends/daemon/server/connection.ts',
    find: '    if (isTooMuch) this.destroy()\n    else if',
    replace: '    if',
    suite: HOSTILE,
  },
  {
    fault: 'a client may take as long as it likes over a frame',
    file: 'src/backends/daemon/server/connection.ts',
    find: 'now - this.#unfinishedSince >= FRAME_TIMEOUT_MS',
    replace: 'now - this.#unfinishedSince >= FRAME_TIMEOUT_MS * 1000',
    suite: BAD_CLIENTS,
  },
  {
    fault: 'a number has two forms on the wire',
    file: 'src/wire/byte-reader.ts',
    find: ' || (byte === 0 && count > 0)) break',
    replace: ') break',
    suite: 'src/wire/codecs.test.ts',
  },
  {
    fault: 'a count is believed before its items are there',
    file: 'src/wire/byte-reader.ts',
    find:
      '    if (count > this.#bytes.length - this.#position) throw new WireError(start, `room for $' +
      '{count} items`)\n',
    replace: '',
    suite: 'src/wire/codecs.test.ts',
  },
  {
    fault: 'a segment that nothing is written into stays open',
    file: 'src/backends/daemon/journal/writer.ts',
    find: '      if (!this.#isTailUsed) this.#supply.passOver(this.#tail)\n',
    replace: '',
    suite: 'test/regressions/journal-descriptors.test.ts',
  },
]
