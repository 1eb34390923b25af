import { deepEqual, equal, ok } from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { MessageQueue, text } from '../../src/queue/index.ts'
import { Browser } from './browser.ts'
import { isTooWide, seriousFaults } from './faults.ts'
import { EMBEDDED, inspect } from './seen-in.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const SCRIPT_BYTES_MAX = 100_000
const FIRST_VIEW_MS = 200
/** Where `docs/guides/inspector.md` shows them; other runs leave the repository alone. */
const { MSGQ_SCREENSHOTS: SCREENSHOTS = join(ROOT, 'dist', 'screenshots') } = process.env

describe('how the page looks', () => {
  let browser: Browser

  before(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true })
    browser = await Browser.start()
  })

  after(() => browser[Symbol.asyncDispose]())

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe-core finds nothing serious in ${colorScheme}, nor anything that is wider than the window at 360 px`, async () => {
      await using opened = await EMBEDDED.open()
      await using shop = await fill(opened.namespace)
      await using inspector = await inspect(opened.namespace)
      const { page, problems } = await browser.open(inspector.url)
      await page.emulateMedia({ colorScheme })
      await page.getByRole('row', { name: '0x004d5347' }).waitFor()
      await page.locator('svg.spark polyline').first().waitFor({ state: 'attached' })
      await page.screenshot({ path: join(SCREENSHOTS, `inspector-queues-${colorScheme}.png`) })
      deepEqual(await seriousFaults(page), [])
      equal(await isTooWide(page), false)
      await page.getByRole('link', { name: '0x004d5347' }).click()
      await page.getByRole('button', { name: 'Count by type' }).click()
      await page.getByText('looked through').waitFor()
      await page.getByRole('option', { name: '"order":3' }).click()
      await page.getByLabel('Payload as json').waitFor()
      await page.screenshot({ path: join(SCREENSHOTS, `inspector-queue-${colorScheme}.png`), fullPage: true })
      deepEqual(await seriousFaults(page), [])
      equal(await isTooWide(page), false)
      await page.getByRole('button', { name: 'Remove', exact: true }).click()
      deepEqual(await seriousFaults(page), [])
      deepEqual(problems, [])
      ok(shop !== undefined)
      await page.close()
    })
  }

  test('its script is under 100 kB compressed, and its first view is there within 200 ms', async () => {
    const assets = join(ROOT, 'dist', 'src', 'inspector', 'page', 'assets')
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'))
    const sizeBytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0)
    ok(sizeBytes > 0 && sizeBytes < SCRIPT_BYTES_MAX, `${sizeBytes} bytes`)
    for (const name of scripts) ok(!/browser-external|node:/.test(readFileSync(join(assets, name), 'utf8')), name)
    await using opened = await EMBEDDED.open()
    await using inspector = await inspect(opened.namespace)
    const { page } = await browser.open(inspector.url)
    const times: number[] = []
    // Others use this machine too: the best of a few is the page's own time.
    for (let visit = 0; visit < 8; visit++) {
      await page.reload()
      await page.getByText('There is no queue in this namespace.').waitFor()
      times.push(await page.evaluate('performance.getEntriesByName("first-contentful-paint")[0].startTime'))
    }
    ok(Math.min(...times) < FIRST_VIEW_MS, `${times.map(Math.round)} ms`)
    await page.close()
  })

  test('the keyboard alone opens a queue, chooses a message, and leaves a question', async () => {
    await using opened = await EMBEDDED.open()
    const queue = await MessageQueue.create(opened.namespace, 0x4d5347, text)
    for (const word of ['one', 'two', 'three']) await queue.send(word)
    await using inspector = await inspect(opened.namespace)
    const { page } = await browser.open(inspector.url)
    await page.getByRole('link', { name: '0x004d5347' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: 'three' }).waitFor()
    await page.getByRole('listbox').focus()
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.getByLabel('Payload as text').getByText('two').waitFor()
    await page.getByRole('button', { name: 'Remove', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    equal((await queue.stat()).qnum, 3)
    await page.close()
  })
})

/** Queues as a shop may have them: one in use, one nearly full, one that somebody waits on. */
async function fill(namespace: IpcNamespace): Promise<AsyncDisposable> {
  const orders = await MessageQueue.create(namespace, 0x4d5347, text)
  for (let order = 0; order < 80; order++) {
    await orders.send(JSON.stringify({ order, customer: 'Ada', total: 10 + order }), { type: 1 + (order % 4) })
  }
  const full = await MessageQueue.create(namespace, 0x4a0b5, text)
  while (await full.trySend('a line of a log that nobody reads'));
  const mail = await MessageQueue.create(namespace, 0x77, text)
  const ending = new AbortController()
  const waits = [1, 2].map(() => mail.receive({ signal: ending.signal }).catch(() => undefined))
  return {
    async [Symbol.asyncDispose]() {
      ending.abort()
      await Promise.all(waits)
    },
  }
}
