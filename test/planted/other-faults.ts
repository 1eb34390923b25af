import type { Fault } from './fault.ts'

/** Of images, moves, the page, the kernel's queues and the cluster. */
export const OTHER_FAULTS: readonly Fault[] = [
  {
    fault: 'a file of an image is taken whatever its hash',
    file: 'src/image/seal.ts',
    find: 'return one.sizeBytes === other.sizeBytes && one.sha256 === other.sha256',
    replace: 'return one.sizeBytes === other.sizeBytes',
    suite: 'test/image/damaged.test.ts',
  },
  {
    fault: "the commit of an image comes before CRIU's files are in place",
    file: 'src/image/replace.ts',
    find: `    for (const name of criu) await directory.rename(name + NEW, name)
    await directory.flush()
    await directory.rename(names.msgq + NEW, names.msgq)
`,
    replace: `    await directory.rename(names.msgq + NEW, names.msgq)
    await directory.flush()
    for (const name of criu) await directory.rename(name + NEW, name)
`,
    suite: 'src/image/replace.test.ts',
  },
  {
    fault: 'a part of a file may end beyond it',
    file: 'src/image/byte-reader.ts',
    find:
      '    if (sizeBytes > this.end - start) throw this.error(`$' +
      '{sizeBytes} bytes`, start, `$' +
      '{this.end - start}`)\n',
    replace: '',
    suite: 'src/image/protobuf.test.ts',
  },
  {
    fault: 'a move that fails keeps the message hidden',
    file: 'src/transfer/held-move.ts',
    find: "    if (!isInDoubt) await unless('EINVAL', held.refuse())\n",
    replace: '',
    suite: 'src/transfer/move.test.ts',
  },
  {
    fault: 'a slot says only afterwards that a receive began',
    file: 'src/transfer/spool.ts',
    find: 'this.#write(SLOT_RECEIVING, message.mtext.length)',
    replace: 'this.#write(SLOT_EMPTY, 0)',
    suite: 'src/transfer/spool.test.ts',
  },
  {
    fault: 'what --replace removed is not put back when the restore fails',
    file: 'src/transfer/replaced-queues.ts',
    find: '    await this.#namespace.restore(image)\n',
    replace: '',
    suite: 'src/transfer/restore.test.ts',
  },
  {
    fault: 'the page answers to any host name',
    file: 'src/inspector/guard.ts',
    find: 'if (!this.#hosts.has(host)) return { status: 421',
    replace: "if (host === '') return { status: 421",
    suite: 'test/inspector/safety.test.ts',
  },
  {
    fault: "the page's link works twice",
    file: 'src/inspector/guard.ts',
    find: '    this.#token = undefined\n',
    replace: '',
    suite: 'test/inspector/safety.test.ts',
  },
  {
    fault: "one reading of a kernel's queue is proof enough",
    file: 'src/backends/kernel/checkpoint-reading.ts',
    find: 'until: Number.NEGATIVE_INFINITY',
    replace: 'until: Number.POSITIVE_INFINITY',
    suite: 'test/freezer/live-queue.test.ts',
  },
  {
    fault: 'a message that came with the abort is given to nobody',
    file: 'src/backends/kernel/wait-worker.ts',
    find: '    report({ message, stopped }, message',
    replace:
      '    report({ message: stopped && Atomics.load(control, WANTED) === 0 ? undefined : message, stopped }, message',
    suite: 'src/backends/kernel/wait-threads.test.ts',
  },
  {
    fault: 'a replica goes on over a record of a newer version',
    file: 'src/backends/jetstream/replica.ts',
    find: 'message.version > RECORD_VERSION) {',
    replace: 'message.version > RECORD_VERSION + 1_000) {',
    suite: 'test/jetstream/sameness.test.ts',
  },
  {
    fault: 'a node gives a call up before a leader can have been elected',
    file: 'src/backends/jetstream/proposer.ts',
    find: 'export const GIVE_UP_MS = 15_000',
    replace: 'export const GIVE_UP_MS = 1_000',
    suite: 'test/jetstream/programs.test.ts',
  },
  {
    fault: 'an image is chosen that was begun before the last one, and may have lost its bytes',
    file: 'src/backends/jetstream/imaging.ts',
    find: ' || by.start > image.start)',
    replace: ')',
    suite: 'test/jetstream/images.test.ts',
  },
  {
    fault: 'how soon another server is asked goes by what readings of an outage took',
    file: 'src/backends/jetstream/nats-reading.ts',
    find: 'ASK_AGAIN_OF_READING * this.#tookMs), ASK_AGAIN_MS_MOST)',
    replace: 'ASK_AGAIN_OF_READING * this.#tookMs), SILENCE_MS)',
    suite: 'test/simulator/readings.test.ts',
  },
]
