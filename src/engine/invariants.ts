import { IPC_PRIVATE, IPCMNI, S_IRUGO, S_IRWXUGO, UINT_MAX } from '../abi/index.ts'
import { answerBytesOf, pooledBytes } from './bounds.ts'
import { indexOf } from './identifiers.ts'
import { type MsgQueue, msgFitsInQueue } from './msg-queue.ts'
import { type Namespace, ticketKey } from './namespace.ts'
import { ipcPerms } from './permissions.ts'
import { findAfter, findMsg, findNumber } from './search.ts'
import { sendingBytesOf, waitersOf } from './waiters.ts'

/** What must hold after every entry. Returns what does not, in words; nothing when all is well. */
export function brokenInvariants(namespace: Namespace): string[] {
  const broken: string[] = []
  const must = (holds: boolean, what: string) => {
    if (!holds) broken.push(what)
  }
  const { identifiers } = namespace
  const queues = [...identifiers.queues()]

  must(identifiers.inUse === queues.length, 'inUse counts the queues')
  must(identifiers.inUse <= IPCMNI, 'a namespace holds at most IPCMNI queues')
  must(identifiers.maxIndex === Math.max(-1, ...queues.map(({ msqid }) => indexOf(msqid))), 'maxIndex is the highest')
  must(namespace.messageCount === sum(queues, ({ qnum }) => qnum), 'messageCount is the sum of qnum')
  must(namespace.byteCount === sum(queues, ({ cbytes }) => cbytes), 'byteCount is the sum of cbytes')

  const { bounds, sessions, restores, waiting } = namespace
  // Ends in 0, of which there are most, take nothing.
  const answered = sum([...sessions.values()], ({ answers }) => sum(answers.others(), answerBytesOf))
  must(namespace.answerBytes === answered, 'answerBytes is what sessions remember')
  must(namespace.sendingBytes === sum([...waiting.values()], sendingBytesOf), 'sendingBytes is what waits to be sent')
  must(
    namespace.stagedBytes === sum([...restores.values()], (r) => r.stagedBytes),
    'stagedBytes is what restores bring',
  )
  // One send may answer many copies that wait for it: answers alone may go beyond, and then nothing is sent any more.
  must(pooledBytes(namespace) - namespace.answerBytes <= bounds.poolBytes, 'messages take no more than the pool has')
  must(waiting.size <= bounds.waitingCalls, 'no more calls wait than may')

  for (const queue of queues) {
    for (const what of brokenInQueue(namespace, queue)) broken.push(`queue ${queue.msqid}: ${what}`)
  }

  const waiters = queues.flatMap(waitersOf)
  must(namespace.waiting.size === waiters.length, 'every waiting call is on the list of one queue')
  for (const waiter of waiters) {
    must(namespace.waiting.get(ticketKey(waiter.ticket)) === waiter, 'a listed call is found by its ticket')
  }
  const held = namespace.held.values()
  for (const { queue, sequence, receive } of held) {
    const address = queue.messages.withSequence(sequence)
    const isThere = address !== undefined && queue.messages.holderOf(address) === receive
    must(identifiers.find(queue.msqid) === queue && isThere, 'a held message is hidden on a queue that is there')
  }
  for (const { session } of [...waiters.map(({ ticket }) => ticket), ...held.map(({ receive }) => receive)]) {
    must(session === 0 || namespace.sessions.has(session), 'who waits or holds has a session')
  }
  return broken
}

function brokenInQueue(namespace: Namespace, queue: MsgQueue): string[] {
  const broken: string[] = []
  const must = (holds: boolean, what: string) => {
    if (!holds) broken.push(what)
  }
  const { identifiers } = namespace
  const { messages } = queue
  const addresses = [...messages]

  must(identifiers.find(queue.msqid) === queue, 'found by its identifier')
  must(queue.key === IPC_PRIVATE || identifiers.withKey(queue.key) === queue, 'found by its key')
  must((queue.mode & ~S_IRWXUGO) === 0, 'the mode has nine bits')
  must(queue.qnum === addresses.length, 'qnum counts the messages, held ones included')
  must(queue.cbytes === sum(addresses, (address) => messages.sizeOf(address)), 'cbytes is the sum of their lengths')
  must(queue.copyCounter >= 0 && queue.copyCounter <= UINT_MAX, 'the copy counter is an unsigned int')

  let last = 0
  for (const [index, address] of addresses.entries()) {
    const sequence = messages.sequenceOf(address)
    must(messages.typeOf(address) >= 1, 'types are positive')
    must(sequence > last, 'sequence numbers rise along the queue')
    must(messages.at(index) === address, 'each message is found by its index')
    last = sequence
    const holder = messages.holderOf(address)
    must(holder === undefined || namespace.held.has(holder), 'a hidden message is held by a receive')
  }
  must(last <= queue.lastSequence, 'lastSequence is not behind')

  for (const { selector } of queue.receivers) {
    must(findMsg(queue.messages, selector) === undefined, 'no receiver waits for a message that is there')
  }
  for (const { call } of queue.senders) {
    must(!msgFitsInQueue(queue, call.mtext.length), 'no sender waits for room that is there')
  }
  for (const { call, selector } of queue.copiers) {
    const there =
      call.name === 'msgrcv'
        ? findNumber(queue.messages, selector, queue.copyCounter) !== undefined
        : findAfter(messages, selector, call.sequence) !== undefined
    must(!there, 'no copier waits for a message that is there')
  }
  for (const { caller } of [...queue.receivers, ...queue.copiers]) {
    must(ipcPerms(queue, caller, S_IRUGO), 'who waits to read may read')
  }
  return broken
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
