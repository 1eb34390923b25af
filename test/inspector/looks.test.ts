import { deepEqual, equal, ok } from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { MessageQueue, text } from '../../src/queue/index.ts'
import { Browser } from './browser.ts'
import { EMBEDDED, inspect } from './seen-in.ts'
import { Shop } from './shop.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const SCRIPT_BYTES_MAX = 100_000
const FIRST_VIEW_MS = 200
/** Where `docs/guides/inspector.md` shows them; other runs leave the repository alone. */
const { MSGQ_SCREENSHOTS: SCREENSHOTS = join(ROOT, 'dist', 'screenshots') } = process.env

const VISITS_MAX = 60

/** Runs in the page before its own script: resolves when the frame with the first queue of the table is drawn. */
const NOTE_FIRST_QUEUE = `
  window.firstQueue = new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      if (document.querySelector('tbody tr') === null) return
      observer.disconnect()
      requestAnimationFrame(() => setTimeout(resolve))
    }).observe(document, { childList: true, subtree: true })
  })
`

describe('how the page looks', () => {
  let browser: Browser

  before(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true })
    browser = await Browser.start()
  })

  after(() => browser[Symbol.asyncDispose]())

  test('the guide has pictures of the table and of a queue, light and dark', async () => {
    await using opened = await EMBEDDED.open()
    await using shop = await Shop.open(opened.namespace)
    await using inspector = await inspect(opened.namespace)
    const { page, problems } = await browser.open(inspector.url)
    const shoot = async (name: string, fullPage: boolean) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await page.screenshot({ path: join(SCREENSHOTS, `inspector-${name}-${colorScheme}.png`), fullPage })
      }
    }
    await page.getByRole('row', { name: '0x004d5347' }).waitFor()
    await page.locator('svg.spark polyline').first().waitFor({ state: 'attached' })
    await shoot('queues', false)
    await page.getByRole('link', { name: '0x004d5347' }).click()
    await page.getByRole('button', { name: 'Count by type' }).click()
    await page.getByText('looked through').waitFor()
    await page.getByRole('option', { name: '"order":3' }).click()
    await page.getByLabel('Payload as json').waitFor()
    // A header that stays in sight would stand in the middle of a picture of all of it.
    await page.evaluate('scrollTo(0, 0)')
    await shoot('queue', true)
    deepEqual(problems, [])
    equal((await shop.orders.stat()).qnum, 80)
    await page.close()
  })

  test('its script is under 100 kB compressed, its first view is there within 200 ms, and the first queue takes no more work', async () => {
    const assets = join(ROOT, 'dist', 'src', 'inspector', 'page', 'assets')
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'))
    const sizeBytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0)
    ok(sizeBytes > 0 && sizeBytes < SCRIPT_BYTES_MAX, `${sizeBytes} bytes`)
    for (const name of scripts) ok(!/browser-external|node:/.test(readFileSync(join(assets, name), 'utf8')), name)
    await using opened = await EMBEDDED.open()
    await MessageQueue.create(opened.namespace, 0x4d5347, text)
    await using inspector = await inspect(opened.namespace)
    const { page } = await browser.open(inspector.url)
    // A first visit: the browser has nothing of the page. What page and server work for it is theirs, whoever else works.
    const session = await page.context().newCDPSession(page)
    await session.send('Network.setCacheDisabled', { cacheDisabled: true })
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    await page.addInitScript(NOTE_FIRST_QUEUE)
    const before = process.cpuUsage()
    await page.reload()
    await page.evaluate('firstQueue')
    const { user, system } = process.cpuUsage(before)
    const { metrics } = await session.send('Performance.getMetrics')
    const busySeconds = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN
    const workMs = busySeconds * 1000 + (user + system) / 1000
    ok(workMs < FIRST_VIEW_MS, `${Math.round(workMs)} ms of work`)
    await session.send('Network.setCacheDisabled', { cacheDisabled: false })
    const times: number[] = []
    // Others use this machine too: the best of a few is the page's own time.
    while (Math.min(...times) >= FIRST_VIEW_MS && times.length < VISITS_MAX) {
      await page.reload()
      await page.getByRole('row', { name: '0x004d5347' }).waitFor()
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
