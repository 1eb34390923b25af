import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { readImageAt, writeImage } from '../../src/image/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { MessageQueue, text } from '../../src/queue/index.ts'
import { Browser } from '../inspector/browser.ts'

const BUILT = join(import.meta.dirname, '..', '..', 'playground')
const KEY = 0x4d5347
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** As any web server serves a directory of files. */
class StaticServer implements AsyncDisposable {
  readonly #server = createServer(async ({ url = '/' }, response) => {
    const path = join(BUILT, url === '/' ? 'index.html' : url)
    const bytes = await readFile(path).catch(() => undefined)
    response.writeHead(bytes === undefined ? 404 : 200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' })
    response.end(bytes)
  })

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

let browser: Browser
let server: StaticServer
let directory: string
let image: string

before(async () => {
  browser = await Browser.start()
  server = new StaticServer()
  directory = await mkdtemp(join(tmpdir(), 'msgq-playground-'))
  image = join(directory, 'image')
  await using namespace = await openNamespace('memory:')
  const queue = await MessageQueue.create(namespace, KEY, text)
  for (const word of ['one', 'two']) await queue.send(word)
  await writeImage(image, await namespace.checkpoint())
})

after(async () => {
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

/** Chromium lets a page from a disk read files that are dropped, and no directory. */
for (const [from, open, dropped] of [
  [
    'a file',
    async () => pathToFileURL(join(BUILT, 'index.html')).href,
    async () => (await readdir(image)).map((name) => join(image, name)),
  ],
  ['a web server', () => server.listen(), async () => [image]],
] as const) {
  test(`the playground, opened from ${from}, looks into an image that is dropped, restores it, and saves one that msgq reads`, async () => {
    const { page, problems } = await browser.open(await open())
    await page.getByRole('link', { name: 'Images' }).click()
    await drop(page, ...(await dropped()))
    await page.getByRole('option', { name: 'two' }).click()
    await page.getByLabel('Payload as text').getByText('two').waitFor()
    await page.getByRole('button', { name: 'Restore', exact: true }).click()
    await page.getByRole('button', { name: 'Restore it' }).click()
    await page.getByText('restored 1 queue with 2 messages').waitFor()
    await page.getByRole('link', { name: 'Queues', exact: true }).click()
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Checkpoint' }).click()
    const download = await downloading
    match(download.suggestedFilename(), /^msgq-.*\.ndjson$/)
    const saved = join(directory, `${from}.ndjson`)
    await download.saveAs(saved)
    // Its seal is checked: what the browser hashed is what Node hashes.
    const { checkpoint } = await readImageAt(saved)
    const [queue] = checkpoint.queues
    equal(queue?.perm.key, KEY)
    deepEqual(
      Array.from(queue?.messages ?? [], ({ mtext }) => new TextDecoder().decode(mtext)),
      ['one', 'two'],
    )
    await page.getByRole('link', { name: 'Images' }).click()
    await page.locator('input[type="file"]:enabled').setInputFiles(saved)
    await page.getByLabel('Open images').getByRole('listitem').nth(1).waitFor()
    deepEqual(problems, [])
    await page.close()
  })
}

describe('an image that the playground refuses', () => {
  test('is told with its place, and so is one that was changed after it was sealed', async () => {
    const { page } = await browser.open(pathToFileURL(join(BUILT, 'index.html')).href)
    await page.getByRole('link', { name: 'Images' }).click()
    await drop(page, image)
    await page.getByRole('alert').getByText('may not read a directory').waitFor()
    const broken = join(directory, 'broken.ndjson')
    await writeFile(broken, '{"format":"msgq ndjson"}\n')
    await drop(page, broken)
    await page.getByRole('alert').getByText('broken.ndjson').waitFor()
    const changed = join(directory, 'changed.ndjson')
    const sealed = await readFile(join(directory, 'a file.ndjson'), 'utf8')
    ok(sealed.includes('"one"'))
    await writeFile(changed, sealed.replace('"one"', '"ONE"'))
    await drop(page, changed)
    await page.getByRole('alert').getByText('changed.ndjson').waitFor()
    equal(await page.getByLabel('Open images').count(), 0)
    await page.close()
  })
})

/** As a person drops a file or a directory from the desktop. */
async function drop(page: Page, ...paths: readonly string[]): Promise<void> {
  const box = await page.getByRole('region', { name: 'Images' }).boundingBox()
  const [x, y] = [(box?.x ?? 0) + 40, (box?.y ?? 0) + 20]
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [...paths], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x, y, data })
  }
  await session.detach()
}
