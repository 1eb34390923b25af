import { deepEqual, equal, match } from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { IPC_STAT } from '../../src/abi/index.ts'
import { MessageQueue, text } from '../../src/queue/index.ts'
import { columnsThere, NamespaceView } from '../../src/view/index.ts'
import { Browser } from './browser.ts'
import { DAEMON, EMBEDDED, inspect, KERNEL } from './seen-in.ts'

const KEY = 0x4d5347
const MARKUP = '<img src=x onerror="document.title=1">'

let browser: Browser

before(async () => {
  browser = await Browser.start()
})

after(() => browser[Symbol.asyncDispose]())

for (const place of [EMBEDDED, DAEMON, KERNEL]) {
  describe(`the page over ${place.name}`, { skip: place.skip }, () => {
    test('IPC_STAT is the same after the table, the list, a message, a filter and the counts were looked at', async () => {
      await using opened = await place.open()
      const queue = await MessageQueue.create(opened.namespace, KEY, text)
      for (let number = 0; number < 60; number++) await queue.send(`order ${number}`, { type: 1 + (number % 3) })
      const stat = await opened.namespace.msgctl(queue.msqid, IPC_STAT)
      await using inspector = await inspect(opened.namespace)
      const { page, problems } = await browser.open(inspector.url)
      await openQueue(page)
      await page.getByRole('option', { name: 'order 7' }).click()
      await page.getByLabel('Payload as text').getByText('order 7').waitFor()
      await page.getByRole('button', { name: 'hex' }).click()
      await page.getByText('|order 7|').waitFor()
      await page.getByRole('button', { name: 'Count by type' }).click()
      await page.getByText('looked through 60 messages, 60 matches').waitFor()
      await page.getByLabel('Text in the payload').fill('ORDER 59')
      await page.getByRole('button', { name: 'Filter' }).click()
      await page.getByText('looked through 60 messages, 1 match').waitFor()
      deepEqual(await opened.namespace.msgctl(queue.msqid, IPC_STAT), stat)
      deepEqual(problems, [])
      await page.close()
    })

    test('markup in a payload is shown, and not run', async () => {
      await using opened = await place.open()
      const queue = await MessageQueue.create(opened.namespace, KEY, text)
      await queue.send(MARKUP)
      await using inspector = await inspect(opened.namespace)
      const { page } = await browser.open(inspector.url)
      await openQueue(page)
      await page.getByRole('option').click()
      equal(await page.getByLabel('Payload as text').textContent(), MARKUP)
      equal(await page.locator('img').count(), 0)
      equal(await page.title(), 'msgq inspect')
      await page.close()
    })

    test('send, receive and remove do what they say, each after it was asked', async () => {
      await using opened = await place.open()
      const queue = await MessageQueue.create(opened.namespace, KEY, text)
      await queue.send('first')
      await using inspector = await inspect(opened.namespace)
      const { page } = await browser.open(inspector.url)
      await openQueue(page)
      await page.getByRole('button', { name: 'Send', exact: true }).click()
      await page.getByLabel('Type, from 1').fill('9223372036854775807')
      await page.getByLabel('Payload, text').fill('second')
      await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click()
      await page.getByRole('option', { name: 'second' }).waitFor()
      equal((await queue.copy(1))?.type, 2n ** 63n - 1n)

      await page.getByRole('button', { name: 'Receive', exact: true }).click()
      match((await page.getByRole('dialog').textContent()) ?? '', /no program will receive it/)
      equal((await queue.stat()).qnum, 2)
      await page.getByRole('button', { name: 'Take it' }).click()
      await page.getByLabel('Received message').getByText('first').waitFor()
      await page.getByText('root · 600 · 1 message').or(page.getByText('0 · 600 · 1 message')).waitFor()
      equal((await queue.copy(0))?.payload, 'second')

      await page.getByRole('button', { name: 'Remove', exact: true }).click()
      match((await page.getByRole('dialog').textContent()) ?? '', /with its 1 message .*at once and for good/)
      await page.getByRole('button', { name: 'Cancel' }).click()
      equal((await queue.stat()).qnum, 1)
      await page.getByRole('button', { name: 'Remove', exact: true }).click()
      await page.getByRole('button', { name: 'Remove it' }).click()
      await page.getByText('There is no queue in this namespace.').waitFor()
      await page.close()
    })

    test('limits are changed for the whole namespace, and one out of range is refused and changes none', async () => {
      await using opened = await place.open()
      await using inspector = await inspect(opened.namespace)
      const { page } = await browser.open(inspector.url)
      await page.getByRole('button', { name: 'Change limits' }).click()
      await page.getByLabel('msgmax, bytes').fill('5000')
      await page.getByLabel('msgmni, most queues').fill('77')
      await page.getByRole('dialog').getByRole('button', { name: 'Change limits' }).click()
      await page.getByText('of 77 (msgmni)').waitFor()
      const { msgmnb, ...changed } = await opened.namespace.limits()
      deepEqual(changed, { msgmax: 5000, msgmni: 77 })
      await page.getByRole('button', { name: 'Change limits' }).click()
      await page.getByLabel('msgmax, bytes').fill('6000')
      await page.getByLabel('msgmni, most queues').fill('99999999')
      await page.getByRole('dialog').getByRole('button', { name: 'Change limits' }).click()
      match((await page.getByRole('alert').textContent()) ?? '', /EINVAL/)
      deepEqual(await opened.namespace.limits(), { ...changed, msgmnb })
      await page.close()
    })

    test('a queue is made, and changed, and a refusal is told in the kernel’s words', async () => {
      await using opened = await place.open()
      await using inspector = await inspect(opened.namespace)
      const { page } = await browser.open(inspector.url)
      await page.getByRole('button', { name: 'Make a queue' }).click()
      await page.getByLabel('Key, decimal or 0x…').fill('0x4d5347')
      await page.getByRole('button', { name: 'Make it' }).click()
      await page.getByRole('heading', { name: '0x004d5347' }).waitFor()
      const queue = await MessageQueue.open(opened.namespace, KEY, text)
      await page.getByRole('button', { name: 'Change', exact: true }).click()
      await page.getByLabel('qbytes').fill('4096')
      await page.getByRole('button', { name: 'Change it' }).click()
      await page.getByText('of 4.0 KiB').first().waitFor()
      equal((await queue.stat()).qbytes, 4096)
      await page.getByRole('link', { name: 'Queues', exact: true }).click()
      await page.getByRole('button', { name: 'Make a queue' }).click()
      await page.getByLabel('Key, decimal or 0x…').fill('0x4d5347')
      await page.getByRole('button', { name: 'Make it' }).click()
      match((await page.getByRole('alert').textContent()) ?? '', /EEXIST/)
      await page.close()
    })

    test('the table is alive: depth, rates and who waits follow the queue; sorting and searching choose rows', async () => {
      await using opened = await place.open()
      const { capabilities } = opened.namespace
      const queue = await MessageQueue.create(opened.namespace, KEY, text)
      const other = await MessageQueue.create(opened.namespace, 0x77, text)
      await using inspector = await inspect(opened.namespace)
      const { page, problems } = await browser.open(inspector.url)
      const row = page.getByRole('row', { name: '0x004d5347' })
      const cell = (heading: string) => row.locator(`[data-heading="${heading}"]`)
      await row.getByText('0 B of 16 KiB').waitFor()
      deepEqual(await headingsOf(page), [...columnsThere(capabilities).map(({ heading }) => heading), 'depth'])
      const ending = new AbortController()
      const waits = [1, 2, 3].map(() => queue.receive({ type: 5, signal: ending.signal }).catch(() => undefined))
      await queue.send('one')
      await row.getByText('3 B of 16 KiB').waitFor()
      if (capabilities.waiting) equal(await cell('wait to receive').textContent(), '3')
      if (capabilities.senders) match((await cell('oldest').textContent()) ?? '', /^\d+ s$/)
      // A message in every look, until one of them tells a rate.
      const rate = cell(capabilities.cursors ? 'sent/s' : 'change/s').getByText(/^\+?[1-9]/)
      for (let sent = 1; (await rate.count()) === 0; sent++) {
        await queue.send('one')
        await cell('messages')
          .getByText(String(sent + 1), { exact: true })
          .waitFor()
      }
      await row.getByRole('img', { name: /^depth of queue \d+, now [1-9]/ }).waitFor()
      ending.abort()
      await Promise.all(waits)
      const firstKey = page.locator('tbody tr').first().locator('[data-heading="key"]')
      await page.getByRole('button', { name: 'messages' }).click()
      equal(await firstKey.textContent(), '0x00000077')
      await page.getByRole('button', { name: 'messages' }).click()
      equal(await firstKey.textContent(), '0x004d5347')
      await page.getByRole('searchbox').fill('0077')
      equal(await page.locator('tbody tr').count(), 1)
      await page.getByRole('searchbox').fill('')
      await other.remove()
      await page.getByRole('row', { name: '0x00000077' }).waitFor({ state: 'detached' })
      deepEqual(problems, [])
      await page.close()
    })
  })
}

describe('a long queue of the kernel', { skip: KERNEL.skip }, () => {
  test('is listed and looked through 10,000 messages at a time, and IPC_STAT stays as it is', async () => {
    await using opened = await KERNEL.open()
    const { namespace } = opened
    await namespace.setLimits({ msgmnb: 1_000_000 })
    const queue = await MessageQueue.create(namespace, KEY, text)
    for (let number = 0; number < 20_050; number++) await queue.send(`m${number}`, { type: 1 + (number % 2) })
    const stat = await namespace.msgctl(queue.msqid, IPC_STAT)
    await using inspector = await inspect(namespace)
    const { page, problems } = await browser.open(inspector.url)
    await openQueue(page)
    const messages = page.getByLabel('Messages', { exact: true })
    await messages.getByText('Index 0 to 9,999 of 20,050 messages').waitFor()
    await messages.getByRole('button', { name: 'Count by type' }).click()
    // Ten thousand copies, each of which walks the list: a second, on a machine that has nothing else to do.
    await messages.getByText('looked through 10,000 messages, 10,000 matches').waitFor({ timeout: 120_000 })
    await messages.getByRole('button', { name: 'Newer 10,000' }).click()
    await messages.getByText('Index 10,000 to 19,999 of').waitFor()
    await messages.getByRole('option', { name: '10,000 1 6 m10000', exact: true }).waitFor()
    await messages.getByRole('button', { name: 'Newer 10,000' }).click()
    await messages.getByText('Index 20,000 to 20,049 of').waitFor()
    equal(await messages.getByRole('button', { name: 'Newer 10,000' }).isDisabled(), true)
    await messages.getByRole('listbox').focus()
    await page.keyboard.press('End')
    await messages.getByRole('option', { name: 'm20049' }).click()
    await messages.getByLabel('Payload as text').getByText('m20049').waitFor()
    deepEqual(await namespace.msgctl(queue.msqid, IPC_STAT), stat)
    deepEqual(problems, [])
    await page.close()
  })

  test('is looked through up to the index that was asked for, wherever the time of a step runs out', async () => {
    await using opened = await KERNEL.open()
    const { namespace } = opened
    const queue = await MessageQueue.create(namespace, KEY, text)
    for (let number = 0; number < 50; number++) await queue.send(`m${number}`, { type: 1 + (number % 2) })
    const view = new NamespaceView(namespace, { user: 'tester' })
    const { scanned, counts, next } = await view.answer('scan', {
      msqid: queue.msqid,
      after: 10,
      before: 45,
      filter: { type: '', text: '' },
    })
    deepEqual({ scanned, counts, next }, { scanned: 35, counts: { 1: 18, 2: 17 }, next: undefined })
    view.close()
  })
})

async function headingsOf(page: Page): Promise<string[]> {
  const headings = await page.locator('thead th').allTextContents()
  return headings.map((each) => each.replace(/ [↑↓]$/, ''))
}

async function openQueue(page: Page): Promise<void> {
  await page.getByRole('link', { name: '0x004d5347' }).click()
  await page.getByRole('listbox').waitFor()
}
