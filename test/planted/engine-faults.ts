import type { Fault } from './fault.ts'

const MEMORY = 'test/conformance/memory.test.ts'
const SCENARIOS = 'test/oracle/scenario.test.ts'
const CALLS = 'test/oracle/differential.test.ts'
const ENUMERATION = 'test/oracle/enumeration.test.ts'

/** Of the state machine: what a queue is. */
export const ENGINE_FAULTS: readonly Fault[] = [
  {
    fault: 'msgmnb is one byte too low',
    file: 'src/engine/msg-queue.ts',
    find: 'sizeBytes + queue.cbytes <= queue.qbytes',
    replace: 'sizeBytes + queue.cbytes < queue.qbytes',
    suite: MEMORY,
  },
  {
    fault: 'empty messages have no limit',
    file: 'src/engine/msg-queue.ts',
    find: ' && 1 + queue.qnum <= queue.qbytes',
    replace: '',
    suite: MEMORY,
  },
  {
    fault: 'msgmax itself is too long',
    file: 'src/engine/msgsnd.ts',
    find: 'sizeBytes > namespace.limits.msgmax',
    replace: 'sizeBytes >= namespace.limits.msgmax',
    suite: MEMORY,
  },
  {
    fault: 'permission is asked for before existence is told',
    file: 'src/engine/msgget.ts',
    find: `  if (msgflg & IPC_CREAT && msgflg & IPC_EXCL) return fail(step, ticket, 'EEXIST')
  if (!ipcPerms(queue, caller, msgflg)) return fail(step, ticket, 'EACCES')`,
    replace: `  if (!ipcPerms(queue, caller, msgflg)) return fail(step, ticket, 'EACCES')
  if (msgflg & IPC_CREAT && msgflg & IPC_EXCL) return fail(step, ticket, 'EEXIST')`,
    suite: MEMORY,
  },
  {
    fault: 'who is in the group has what everyone has, too',
    file: 'src/engine/permissions.ts',
    find: 'return queue.mode >> 3\n',
    replace: 'return (queue.mode >> 3) | queue.mode\n',
    suite: MEMORY,
  },
  {
    fault: 'woken senders go before those that still have no room',
    file: 'src/engine/delivery.ts',
    find: '[...queue.senders.filter((sender) => !fits(sender)), ...woken]',
    replace: '[...woken, ...queue.senders.filter((sender) => !fits(sender))]',
    suite: 'test/regressions/sender-order.test.ts',
  },
  {
    fault: 'the receiver that came last is served first',
    file: 'src/engine/receivers.ts',
    find: 'this.#arrival(own) < this.#arrival(other) ? own : other',
    replace: 'this.#arrival(own) < this.#arrival(other) ? other : own',
    suite: SCENARIOS,
  },
  {
    fault: 'the interrupt of a sender is lost',
    file: 'src/engine/sessions.ts',
    find: 'if (waiter === undefined) return finish(step, ticket, 0)',
    replace: "if (waiter === undefined || waiter.kind === 'senders') return finish(step, ticket, 0)",
    suite: MEMORY,
  },
  {
    fault: 'an identifier is used again at once',
    file: 'src/engine/identifiers.ts',
    find: 'if (index <= this.lastIndex) this.sequence',
    replace: 'if (index < 0) this.sequence',
    suite: MEMORY,
  },
  {
    fault: 'msg_next_id stays pending when it was used',
    file: 'src/engine/identifiers.ts',
    find: '    this.nextId = -1\n',
    replace: '',
    suite: MEMORY,
  },
  {
    fault: 'senders that wait are forgotten when their queue is removed',
    file: 'src/engine/msgctl.ts',
    find: "expunge(step, waitersOf(queue), 'EIDRM')",
    replace: "expunge(step, [...queue.receivers], 'EIDRM')",
    suite: MEMORY,
  },
  {
    fault: 'IPC_SET ends no reader that may not read any more',
    file: 'src/engine/msgctl.ts',
    find: '  recheckReaders(step, queue)\n',
    replace: '',
    suite: SCENARIOS,
  },
  {
    fault: 'msgrcv(-3) never finds type 3',
    file: 'src/engine/search.ts',
    find: 'messages.typeOf(lowest) <= selector.type',
    replace: 'messages.typeOf(lowest) < selector.type',
    suite: ENUMERATION,
  },
  {
    fault: 'a hand-over leaves the process, not the thread, in lrpid',
    file: 'src/engine/delivery.ts',
    find: 'countReceive(step, queue, receiver.caller.tid)',
    replace: 'countReceive(step, queue, receiver.caller.pid)',
    suite: MEMORY,
  },
  {
    fault: 'MSG_INFO counts the bytes of removed queues',
    file: 'src/engine/msgctl.ts',
    find: '  namespace.byteCount -= queue.cbytes\n',
    replace: '',
    suite: CALLS,
  },
  {
    fault: 'MSG_COPY by index starts at 1',
    file: 'src/engine/copies.ts',
    find: 'queue.messages.at(Number(index))',
    replace: 'queue.messages.at(Number(index) + 1)',
    suite: MEMORY,
  },
  {
    fault: 'what is refused is shown to nobody who waits for it',
    file: 'src/engine/hold.ts',
    find: '  show(step, queue, address)\n',
    replace: '',
    suite: 'src/engine/hold.test.ts',
  },
  {
    fault: 'time goes back',
    file: 'src/engine/engine.ts',
    find: 'Math.max(namespace.now, entry.now)',
    replace: 'entry.now',
    suite: 'src/engine/engine.test.ts',
  },
  {
    fault: 'a repeated ticket is done twice',
    file: 'src/engine/sessions.ts',
    find: '    complete(step, answer)\n    return true\n',
    replace: '',
    suite: 'src/engine/engine.test.ts',
  },
  {
    fault: 'a held message is found by other receives',
    file: 'src/engine/messages/message-list.ts',
    find: 'return this.#holders.size > 0 && this.#holders.has(this.sequenceOf(address))',
    replace: 'return this.#holders.size > 1 && this.#holders.has(this.sequenceOf(address))',
    suite: 'src/engine/messages/message-list.test.ts',
  },
  {
    fault: 'a restore makes what it can of an image that is in conflict',
    file: 'src/engine/restore.ts',
    find: '  if (conflict !== undefined) return fail(step, ticket, conflict)\n',
    replace: '',
    suite: MEMORY,
  },
  {
    fault: 'a message that waits for room costs its namespace nothing',
    file: 'src/engine/waiters.ts',
    find: '  namespace.sendingBytes += sendingBytesOf(waiter)\n',
    replace: '',
    suite: 'src/engine/bounds.test.ts',
  },
  {
    fault: 'one more call waits than may',
    file: 'src/engine/waiters.ts',
    find: 'namespace.waiting.size >= namespace.bounds.waitingCalls',
    replace: 'namespace.waiting.size > namespace.bounds.waitingCalls',
    suite: 'src/engine/bounds.test.ts',
  },
]
