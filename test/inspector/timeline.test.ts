import { deepEqual, equal, match } from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { IPC_STAT } from '../../src/abi/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { MessageQueue, text } from '../../src/queue/index.ts'
import { ask, cookieOf } from './asked.ts'
import { Browser } from './browser.ts'
import { isTooWide, seriousFaults } from './faults.ts'
import { DAEMON, EMBEDDED, inspect } from './seen-in.ts'

const KEY = 0x4d5347

describe('the past of a daemon', () => {
  let browser: Browser

  before(async () => {
    browser = await Browser.start()
  })

  after(() => browser[Symbol.asyncDispose]())

  test('the log tells who did what, newest first, and again when it is read again', async () => {
    await using opened = await DAEMON.open()
    const queue = await happenings(opened.namespace)
    await using inspector = await inspect(opened.namespace)
    const { page, problems } = await browser.open(inspector.url)
    await page.getByRole('link', { name: 'Log' }).click()
    await page.getByText('4 events').waitFor()
    deepEqual(await eventsOf(page), ['received', 'sent', 'sent', 'created'])
    const newest = page.getByRole('row').nth(1)
    match((await newest.textContent()) ?? '', new RegExp(`${process.pid}`))
    await queue.remove()
    await page.getByRole('button', { name: 'Read again' }).click()
    await page.getByText('5 events').waitFor()
    deepEqual(await eventsOf(page), ['removed', 'received', 'sent', 'sent', 'created'])
    deepEqual(problems, [])
    await page.close()
  })

  test('any earlier instant is looked at, event by event, and IPC_STAT stays as it is', async () => {
    await using opened = await DAEMON.open()
    const queue = await happenings(opened.namespace)
    const stat = await opened.namespace.msgctl(queue.msqid, IPC_STAT)
    await using inspector = await inspect(opened.namespace)
    const { page, problems } = await browser.open(inspector.url)
    await page.getByRole('link', { name: 'Log' }).click()
    const past = page.getByRole('region', { name: 'Timeline' })
    await newestSent(page).click()
    await past.getByText(`after: queue ${queue.msqid} sent by pid ${process.pid}`).waitFor()
    await past.getByRole('option', { name: 'two' }).click()
    await past.getByLabel('Payload as text').getByText('two').waitFor()
    equal(await past.getByLabel('Messages, oldest first').getByRole('option').count(), 2)
    deepEqual(await seriousFaults(page), [])
    equal(await isTooWide(page), false)
    await past.getByRole('button', { name: 'Event before' }).click()
    await past.getByRole('option', { name: 'two' }).waitFor({ state: 'detached' })
    await past.getByRole('option', { name: '3 one' }).waitFor()
    await past.getByRole('button', { name: 'Event after' }).click()
    await past.getByRole('option', { name: 'two' }).waitFor()
    await past.getByLabel('Instant', { exact: true }).focus()
    await page.keyboard.press('Home')
    await past.getByText('before all of these events').waitFor()
    await past.getByText('There is no queue in it.').waitFor()
    await past.getByRole('button', { name: 'Back to now' }).click()
    await past.getByText('There is no queue in it.').waitFor({ state: 'detached' })
    deepEqual(await opened.namespace.msgctl(queue.msqid, IPC_STAT), stat)
    deepEqual(problems, [])
    await page.close()
  })

  test('an instant that has not come is told, and one that is no instant too', async () => {
    await using opened = await DAEMON.open()
    await happenings(opened.namespace)
    await using inspector = await inspect(opened.namespace)
    const { page } = await browser.open(inspector.url)
    await page.getByRole('link', { name: 'Log' }).click()
    await page.getByLabel('Instant in UTC').fill('2999-01-01 00:00')
    await page.getByRole('button', { name: 'Look', exact: true }).click()
    await page.getByRole('alert').getByText('ERR_MSGQ_UNAVAILABLE').waitFor()
    await page.getByLabel('Instant in UTC').fill('yesterday')
    await page.getByRole('button', { name: 'Look', exact: true }).click()
    await page.getByRole('alert').getByText('an instant is written').waitFor()
    await page.close()
  })

  test('--read-only looks back, and restores nothing of it', async () => {
    await using opened = await DAEMON.open()
    const queue = await happenings(opened.namespace)
    await using inspector = await inspect(opened.namespace, { readOnly: true })
    const { page } = await browser.open(inspector.url)
    await page.getByRole('link', { name: '0x004d5347' }).click()
    const past = page.getByRole('region', { name: 'Timeline' })
    await newestSent(page).click()
    await past.getByRole('option', { name: 'two' }).waitFor()
    equal(await page.getByRole('button', { name: 'Restore' }).count(), 0)
    const restored = await page.evaluate<number>(
      `fetch('api/restore', { method: 'POST', body: '{"image":1,"choice":{},"replaces":[],"appends":[]}' }).then(({ status }) => status)`,
    )
    equal(restored, 403)
    equal((await queue.stat()).qnum, 1)
    await page.close()
  })

  test('a namespace without a past has no log, and says so', async () => {
    await using opened = await EMBEDDED.open()
    await using inspector = await inspect(opened.namespace)
    const headers = { origin: new URL(inspector.url).origin, cookie: await cookieOf(inspector.url) }
    for (const [name, body] of [
      ['log', '{}'],
      ['past', '{"time":1}'],
    ] as const) {
      const answer = await ask(inspector.url, { method: 'POST', path: `/api/${name}`, headers, body })
      equal(answer.status, 403)
      match(String(answer.body), /keeps no past/)
    }
  })
})

/** Created, sent, sent, received: each in a millisecond of its own. */
async function happenings(namespace: IpcNamespace): Promise<MessageQueue<string>> {
  const queue = await MessageQueue.create(namespace, KEY, text)
  for (const happens of [() => queue.send('one'), () => queue.send('two'), () => queue.receive()]) {
    for (const start = Date.now(); Date.now() < start + 2; ) await new Promise(setImmediate)
    await happens()
  }
  return queue
}

/** A heading of the page before has the word too, until the log is there. */
function newestSent(page: Page): Locator {
  const sent = page.getByRole('cell', { name: 'sent', exact: true })
  return page.getByRole('row').filter({ has: sent }).first().getByRole('button')
}

async function eventsOf(page: Page): Promise<string[]> {
  return page.locator('tbody tr td:nth-child(2)').allTextContents()
}
