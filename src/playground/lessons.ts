import type { WantedCall, World } from './world.ts'

interface Lesson {
  readonly name: string
  readonly says: string
  prepare(world: World): Promise<void>
}

/** Three beginnings, each with a queue of its own. */
export const LESSONS: readonly Lesson[] = [
  {
    name: 'Receivers in line',
    says: 'Three processes wait in msgrcv: for any message, for type 2, for any. Send type 2: who gets it, and does the queue ever have it? Send again.',
    async prepare(world) {
      const msqid = await world.queue(0x101)
      for (const type of ['0', '2', '0']) world.call(receive(msqid, type))
    },
  },
  {
    name: 'A full queue',
    says: 'The queue has room for 12 bytes, and three processes wait in msgsnd. Receive one message: whose is queued next, and in which order do the calls end?',
    async prepare(world) {
      const msqid = await world.queue(0x102)
      await world.limitTo(msqid, 12)
      for (const text of ['first', 'second', 'third', 'fourth', 'fifth']) world.call(send(msqid, '1', text))
    },
  },
  {
    name: 'Types as priorities',
    says: 'Five messages of types 1 to 5, not in order. Receive with msgtyp -5 takes the lowest type first; with 0 the oldest. Then break a checkpoint below.',
    async prepare(world) {
      const msqid = await world.queue(0x103)
      const messages: readonly (readonly [type: string, text: string])[] = [
        ['3', 'tea'],
        ['1', 'fire'],
        ['5', 'news'],
        ['2', 'post'],
        ['4', 'song'],
      ]
      for (const [type, text] of messages) world.call(send(msqid, type, text))
    },
  },
]

function send(msqid: number, type: string, text: string): WantedCall {
  return { name: 'msgsnd', msqid, type, text, isNowait: false }
}

function receive(msqid: number, type: string): WantedCall {
  return { name: 'msgrcv', msqid, type, text: '', isNowait: false }
}
