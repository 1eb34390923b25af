import type { IpcNamespace } from '../../src/contract/index.ts'
import { MessageQueue, text } from '../../src/queue/index.ts'

/** Queues as a shop may have them: one in use, one nearly full, one that somebody waits on. */
export class Shop implements AsyncDisposable {
  readonly orders: MessageQueue<string>
  readonly #ending = new AbortController()
  readonly #waits: readonly Promise<unknown>[]

  private constructor(orders: MessageQueue<string>, mail: MessageQueue<string>) {
    this.orders = orders
    const { signal } = this.#ending
    this.#waits = [1, 2].map(() => mail.receive({ signal }).catch(() => undefined))
  }

  /** @param messages Of the queue in use. */
  static async open(namespace: IpcNamespace, messages = 80): Promise<Shop> {
    const orders = await MessageQueue.create(namespace, 0x4d5347, text)
    for (let order = 0; order < messages; order++) {
      await orders.send(JSON.stringify({ order, customer: 'Ada', total: 10 + order }), { type: 1 + (order % 4) })
    }
    const full = await MessageQueue.create(namespace, 0x4a0b5, text)
    await full.set({ qbytes: 1024 })
    while (await full.trySend('a line of a log that nobody reads'));
    const mail = await MessageQueue.create(namespace, 0x77, text)
    return new Shop(orders, mail)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await Promise.all(this.#waits)
  }
}
