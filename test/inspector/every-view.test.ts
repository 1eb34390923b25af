import { deepEqual, equal } from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import type { Inspector } from '../../src/inspector/index.ts'
import { bytes, MessageQueue } from '../../src/queue/index.ts'
import { Browser } from './browser.ts'
import { isTooWide, seriousFaults } from './faults.ts'
import { DAEMON, inspect } from './seen-in.ts'
import { Shop } from './shop.ts'

/** Where `docs/guides/inspector.md` shows them; other runs leave the repository alone. */
const { MSGQ_SCREENSHOTS: SCREENSHOTS = join(import.meta.dirname, '..', '..', 'screenshots') } = process.env
const SCHEMES = ['light', 'dark'] as const

/** Tests stand in the order in which a person goes through the pages. */
describe('every view of the page, light, dark and at 360 px', () => {
  const opened: AsyncDisposable[] = []
  let inspector: Inspector
  let shop: Shop
  let page: Page
  let problems: string[]

  before(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true })
    const browser = await Browser.start()
    const place = await DAEMON.open()
    const { namespace } = place
    // Each has an event in the log, and axe-core looks at every cell.
    shop = await Shop.open(namespace, 20)
    const raw = await MessageQueue.create(namespace, 0x99, bytes)
    await raw.send(Uint8Array.of(1, 2, 0, 255))
    await raw.send(new Uint8Array(400).fill(0x78), { type: 2 ** 40 })
    inspector = await inspect(namespace)
    opened.push(inspector, shop, place, browser)
    ;({ page, problems } = await browser.open(inspector.url))
  })

  after(async () => {
    for (const each of opened) await each[Symbol.asyncDispose]()
  })

  test('the table of queues, and its two dialogs', async () => {
    await page.getByRole('row', { name: '0x004d5347' }).waitFor()
    await page.locator('svg.spark polyline').first().waitFor({ state: 'attached' })
    await holds('the table')
    await dialogHolds('Change limits')
    await dialogHolds('Make a queue')
  })

  test('a queue with JSON and counts, its four dialogs, and a message that was received', async () => {
    await page.getByRole('link', { name: '0x004d5347' }).click()
    await page.getByRole('button', { name: 'Count by type' }).click()
    await page.getByText('looked through').waitFor()
    await page.getByRole('option', { name: '"order":3' }).click()
    await page.getByLabel('Payload as json').waitFor()
    await holds('a queue')
    for (const name of ['Send', 'Receive', 'Change', 'Remove']) await dialogHolds(name)
    await page.getByRole('button', { name: 'Receive', exact: true }).click()
    await page.getByRole('button', { name: 'Take it' }).click()
    await page.getByLabel('Received message').waitFor()
    await holds('a received message')
  })

  test('a queue as it was, event by event', async () => {
    await page.getByRole('row', { name: 'sent' }).nth(4).getByRole('button').click()
    const timeline = page.getByRole('region', { name: 'Timeline' })
    await timeline.getByRole('listbox').getByRole('option').first().waitFor()
    await holds('the past')
    await shoot('inspector-past', timeline)
  })

  test('a queue of bytes that are no text, one without messages that somebody waits on, and none', async () => {
    await go('0x00000099')
    await page.getByRole('option').first().click()
    await page.getByLabel('Payload as hex').waitFor()
    await holds('hex')
    await go('0x00000077')
    await page.getByText('There is no message.').waitFor()
    await page.getByText('msgrcv by pid').first().waitFor()
    await holds('an empty queue')
    await page.evaluate("location.hash = '#queue-9999'")
    await page.getByText('There is no queue 9999 any more.').waitFor()
    await holds('no queue')
  })

  test('the log of all queues', async () => {
    await page.getByRole('link', { name: 'Log', exact: true }).click()
    await page.getByRole('row', { name: 'created' }).first().waitFor()
    await holds('the log')
  })

  test('images, what a restore would do, and what has changed between two', async () => {
    await page.getByRole('link', { name: 'Images' }).click()
    await page.getByRole('button', { name: 'Take one now' }).click()
    await page.getByLabel('Queues of the image').waitFor()
    await holds('an image')
    await dialogHolds('Restore', page.getByText('It cannot be restored so'))
    await page.getByLabel('How to restore').selectOption('replace')
    await dialogHolds('Restore', page.getByRole('dialog').getByText('Removed for good'))
    for (let order = 0; order < 3; order++) await shop.orders.receive()
    await shop.orders.send('{"order":80,"customer":"Grace","total":90}', { type: 2 })
    await page.getByRole('button', { name: 'Take one now' }).click()
    await page.getByLabel('Open images').getByRole('listitem').nth(2).waitFor()
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByLabel('Comparison').waitFor()
    await holds('a comparison')
    await shoot('inspector-compare', page.getByLabel('Comparison'))
    await page.locator('input[type="file"]').setInputFiles({ name: 'no.img', mimeType: '', buffer: Buffer.from('?') })
    await page.getByRole('alert').waitFor()
    await holds('a problem')
  })

  test('a page whose server was stopped', async () => {
    deepEqual(problems.filter(isOurs), [])
    await inspector.close()
    await page.getByText('not connected').waitFor()
    await holds('no server')
  })

  async function go(key: string): Promise<void> {
    await page.getByRole('link', { name: 'Queues', exact: true }).click()
    await page.getByRole('link', { name: key }).click()
  }

  async function holds(view: string, within = 'body'): Promise<void> {
    await page.emulateMedia({ colorScheme: 'light' })
    deepEqual(await seriousFaults(page, { within }), [], view)
    await page.emulateMedia({ colorScheme: 'dark' })
    deepEqual(await seriousFaults(page, { within, colours: true }), [], `${view}, dark`)
    equal(await isTooWide(page), false, view)
  }

  async function dialogHolds(name: string, shown: Locator = page.getByRole('dialog')): Promise<void> {
    await page.getByRole('button', { name, exact: true }).click()
    await shown.waitFor()
    await holds(name, 'dialog')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }

  async function shoot(name: string, part: Locator): Promise<void> {
    // A header that stays in sight would stand before it.
    await page.evaluate("document.querySelector('header').style.position = 'static'")
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme })
      await part.screenshot({ path: join(SCREENSHOTS, `${name}-${colorScheme}.png`) })
    }
  }
})

/** A refusal that was asked for is in a browser's list of problems too. */
function isOurs(problem: string): boolean {
  return !problem.includes('status of 400')
}
