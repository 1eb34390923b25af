import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { Browser } from '../inspector/browser.ts'
import { isTooWide, seriousFaults } from '../inspector/faults.ts'

const BUILT = join(import.meta.dirname, '..', '..', 'playground')
const SCRIPT_BYTES_MAX = 100_000
/** As it is opened from a disk: nothing serves it. */
const URL_OF_FILE = pathToFileURL(join(BUILT, 'index.html')).href

describe('the playground, opened as a file', () => {
  let browser: Browser

  before(async () => {
    browser = await Browser.start()
  })

  after(() => browser[Symbol.asyncDispose]())

  test('its script is one file under 100 kB compressed, with no module of Node’s and nothing from elsewhere', () => {
    const scripts = readdirSync(join(BUILT, 'assets')).filter((name) => !name.endsWith('.css'))
    equal(scripts.length, 1)
    const script = readFileSync(join(BUILT, 'assets', scripts[0] ?? ''))
    ok(gzipSync(script).length < SCRIPT_BYTES_MAX, `${gzipSync(script).length} bytes`)
    ok(!/browser-external|node:/.test(script.toString()))
    ok(!/(src|href)="(https?:)?\/\//.test(readFileSync(join(BUILT, 'index.html'), 'utf8')))
  })

  test('a message is handed to the receiver that waited first and selects it, and each step says who was woken', async () => {
    const { page, problems } = await browser.open(URL_OF_FILE)
    await page.getByRole('button', { name: 'Receivers in line' }).click()
    await page.getByText('pid 103 waits in').waitFor()
    await call(page, { name: 'msgsnd', type: '3', text: 'for any' })
    await step(page, 'pid 101: msgrcv got type 3, "for any"').waitFor()
    deepEqual(await endsOfLastStep(page), ['pid 101: msgrcv got type 3, "for any"', 'pid 104: msgsnd returns 0'])
    await call(page, { name: 'msgsnd', type: '2', text: 'for two' })
    await step(page, 'pid 102: msgrcv got type 2, "for two"').waitFor()
    equal(await page.getByText('pid 102 waits in').count(), 0)
    await page.getByRole('button', { name: 'Signal 103' }).click()
    await step(page, 'pid 103: msgrcv EINTR').waitFor()
    equal(await page.getByRole('list', { name: 'Who waits' }).count(), 0)
    deepEqual(problems, [])
    await page.close()
  })

  test('senders wait for room, and are let in by order of arrival when a message is received', async () => {
    const { page, problems } = await browser.open(URL_OF_FILE)
    await page.getByRole('button', { name: 'A full queue' }).click()
    await page.getByText('pid 105 waits in').waitFor()
    equal(await page.getByRole('button', { name: 'Signal' }).count(), 3)
    await call(page, { name: 'msgrcv', type: '0' })
    await step(page, 'pid 106: msgrcv got type 1, "first"').waitFor()
    const ends = await endsOfLastStep(page)
    ok(ends.includes('pid 103: msgsnd returns 0'), ends.join('; '))
    await call(page, { name: 'msgsnd', type: '1', text: 'no room', isNowait: true })
    await step(page, 'pid 107: msgsnd EAGAIN').waitFor()
    deepEqual(problems, [])
    await page.close()
  })

  test('a checkpoint by copying breaks and the queue is whole; one by taking loses what it took', async () => {
    const { page, problems } = await browser.open(URL_OF_FILE)
    await page.getByRole('button', { name: 'Types as priorities' }).click()
    await page.getByText('"song"').first().waitFor()
    await page.getByRole('button', { name: 'By copying' }).click()
    await page.getByText('Copied 2 of 5 messages of queue 0, and broke. The queue is whole').waitFor()
    equal(await page.getByRole('list', { name: 'Messages of queue 0' }).getByRole('listitem').count(), 5)
    await page.getByRole('button', { name: 'By taking' }).click()
    await page
      .getByText('Took 2 of 5 messages of queue 0, and broke. The queue has 3: what was taken is lost')
      .waitFor()
    await page.getByText('"tea"').first().waitFor()
    equal(await page.getByRole('list', { name: 'Messages of queue 0' }).getByRole('listitem').count(), 3)
    await call(page, { name: 'msgrcv', type: '-5' })
    await step(page, 'got type 2, "post"').waitFor()
    deepEqual(problems, [])
    await page.close()
  })

  test('the page below is the inspector’s: it makes a queue, keeps an image, and restores it', async () => {
    const { page, problems } = await browser.open(URL_OF_FILE)
    await page.getByText('There is no queue in this namespace.').waitFor()
    await page.getByRole('button', { name: 'Make a queue' }).click()
    await page.getByLabel('Key, decimal or 0x…').fill('0x77')
    await page.getByRole('button', { name: 'Make it' }).click()
    await page.getByRole('heading', { name: '0x00000077' }).first().waitFor()
    await call(page, { name: 'msgsnd', type: '1', text: 'kept' })
    await page.getByRole('option', { name: 'kept' }).waitFor()
    await page.getByRole('link', { name: 'Images' }).click()
    await page.getByRole('button', { name: 'Take one now' }).click()
    await page.getByRole('option', { name: 'kept' }).waitFor()
    await call(page, { name: 'msgrcv', type: '0' })
    await step(page, 'got type 1, "kept"').waitFor()
    await page.getByLabel('How to restore').selectOption('replace')
    await page.getByRole('button', { name: 'Restore', exact: true }).click()
    match((await page.getByRole('dialog').textContent()) ?? '', /Removed for good, .* with its 0 messages/)
    await page.getByRole('button', { name: 'Remove and restore' }).click()
    await page.getByText('restored 1 queue with 1 message').waitFor()
    await page.getByRole('list', { name: 'Messages of queue' }).getByText('"kept"').waitFor()
    deepEqual(problems, [])
    await page.close()
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe-core finds nothing serious in ${colorScheme}, nor is it wider than a window of 360 px`, async () => {
      const { page } = await browser.open(URL_OF_FILE)
      await page.emulateMedia({ colorScheme })
      for (const name of ['Receivers in line', 'A full queue', 'Types as priorities']) {
        await page.getByRole('button', { name }).click()
      }
      await page.getByText('"song"').first().waitFor()
      await page.getByRole('row', { name: '0x00000103' }).waitFor()
      const { MSGQ_SCREENSHOTS: directory } = process.env
      if (directory !== undefined) await page.screenshot({ path: join(directory, `playground-${colorScheme}.png`) })
      deepEqual(await seriousFaults(page), [])
      equal(await isTooWide(page), false)
      await page.close()
    })
  }
})

interface WantedCall {
  readonly name: 'msgsnd' | 'msgrcv'
  readonly type: string
  readonly text?: string
  readonly isNowait?: boolean
}

async function call(page: Page, { name, type, text = '', isNowait = false }: WantedCall): Promise<void> {
  const form = page.getByRole('form', { name: 'A process calls' })
  await form.getByRole('combobox').first().selectOption(name)
  await form.getByLabel(name === 'msgsnd' ? 'type' : 'msgtyp', { exact: true }).fill(type)
  if (name === 'msgsnd') await form.getByLabel('text', { exact: true }).fill(text)
  await form.getByLabel('IPC_NOWAIT').setChecked(isNowait)
  await form.getByRole('button', { name: 'Call' }).click()
}

function step(page: Page, words: string) {
  return page.getByRole('region', { name: 'Steps' }).getByText(words)
}

async function endsOfLastStep(page: Page): Promise<string[]> {
  const steps = page.getByRole('region', { name: 'Steps' })
  return steps.locator('ol > li').first().locator('.ends li').allTextContents()
}
