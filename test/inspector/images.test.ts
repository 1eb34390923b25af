import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { IPC_STAT } from '../../src/abi/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { critJsonOf, encodeImage, imageAsNdjson, LINUX_VARIABLES } from '../../src/image/index.ts'
import { MessageQueue, text } from '../../src/queue/index.ts'
import { IMAGES_BYTES_MAX } from '../../src/view/index.ts'
import { ask, cookieOf } from './asked.ts'
import { Browser } from './browser.ts'
import { isTooWide, seriousFaults } from './faults.ts'
import { DAEMON, EMBEDDED, inspect, KERNEL } from './seen-in.ts'

const KEY = 0x4d5347

let browser: Browser
let directory: string

before(async () => {
  browser = await Browser.start()
  directory = await mkdtemp(join(tmpdir(), 'msgq-images-'))
})

after(async () => {
  await browser[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

for (const place of [EMBEDDED, DAEMON, KERNEL]) {
  describe(`images over ${place.name}`, { skip: place.skip }, () => {
    test('an image is looked into, message by message, and nothing is restored', async () => {
      await using opened = await place.open()
      const file = await imageFile('looked.ndjson', ['one', '<b>two</b>', 'three'])
      await using inspector = await inspect(opened.namespace)
      const { page, problems } = await browser.open(inspector.url)
      await upload(page, file)
      await page.getByRole('option', { name: 'three' }).waitFor()
      equal(await page.getByLabel('Messages, oldest first').getByRole('option').count(), 3)
      await page.getByRole('option', { name: 'two' }).click()
      await page.getByLabel('Payload as text').getByText('<b>two</b>').waitFor()
      deepEqual(await seriousFaults(page), [])
      equal(await isTooWide(page), false)
      await page.getByRole('link', { name: 'Queues', exact: true }).click()
      await page.getByText('There is no queue in this namespace.').waitFor()
      deepEqual(problems, [])
      await page.close()
    })

    test('an image is restored after it was said what is made, and what is removed for it', async () => {
      await using opened = await place.open()
      const file = await imageFile('restored.ndjson', ['one', 'two'])
      await using inspector = await inspect(opened.namespace)
      const { page } = await browser.open(inspector.url)
      await upload(page, file)
      await page.getByRole('button', { name: 'Restore', exact: true }).click()
      match((await page.getByRole('dialog').textContent()) ?? '', /1 queue with 2 messages would be made\./)
      await page.getByRole('button', { name: 'Restore it' }).click()
      await page.getByText('restored 1 queue with 2 messages').waitFor()
      const queue = await MessageQueue.open(opened.namespace, KEY, text)
      equal((await queue.stat()).qnum, 2)

      await queue.send('newer')
      await page.getByRole('button', { name: 'Restore', exact: true }).click()
      match((await page.getByRole('dialog').textContent()) ?? '', /cannot be restored so, and nothing was done.*EEXIST/)
      equal(await page.getByRole('button', { name: 'Restore it' }).isDisabled(), true)
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByLabel('How to restore').selectOption('replace')
      await page.getByRole('button', { name: 'Restore', exact: true }).click()
      const words = (await page.getByRole('dialog').textContent()) ?? ''
      match(words, new RegExp(`Removed for good, .*: *queue ${queue.msqid} with its 3 messages`))
      equal((await queue.stat()).qnum, 3)
      await page.getByRole('button', { name: 'Remove and restore' }).click()
      await page.getByText('removed 1 queue').waitFor()
      const again = await MessageQueue.open(opened.namespace, KEY, text)
      equal((await again.stat()).qnum, 2)
      equal((await again.copy(1))?.payload, 'two')
      await page.close()
    })

    test('two images are compared: what was added and taken, while IPC_STAT stays as it is', async () => {
      await using opened = await place.open()
      const queue = await MessageQueue.create(opened.namespace, KEY, text)
      for (const word of ['one', 'two']) await queue.send(word)
      await using inspector = await inspect(opened.namespace)
      const { page } = await browser.open(inspector.url)
      await page.getByRole('link', { name: 'Images' }).click()
      await page.getByRole('button', { name: 'Take one now' }).click()
      await page.getByRole('option', { name: 'two' }).waitFor()
      await queue.receive()
      await queue.send('three')
      const stat = await opened.namespace.msgctl(queue.msqid, IPC_STAT)
      await page.getByRole('button', { name: 'Take one now' }).click()
      await page.getByRole('option', { name: 'three' }).waitFor()
      await page.getByRole('button', { name: 'Compare' }).click()
      const queueDiff = page.getByRole('article', { name: `Queue ${queue.msqid} changed` })
      await queueDiff.getByText('1 message added, 1 taken, 0 changed').waitFor()
      await queueDiff.getByText('− [0] type 1, 3 bytes one').waitFor()
      await queueDiff.getByText('+ [1] type 1, 5 bytes three').waitFor()
      deepEqual(await seriousFaults(page), [])
      equal(await isTooWide(page), false)
      deepEqual(await opened.namespace.msgctl(queue.msqid, IPC_STAT), stat)
      await page.close()
    })
  })
}

describe('an upload', () => {
  test('may be the files of a directory, one of CRIU’s, or crit’s JSON; what is none is told with its place', async () => {
    await using opened = await EMBEDDED.open()
    const checkpoint = await checkpointOf(['kept'])
    const files = await encodeImage(checkpoint)
    const paths: string[] = []
    for (const [name, bytes] of files) {
      paths.push(join(directory, name))
      await writeFile(join(directory, name), bytes)
    }
    const messages = [...files].find(([name]) => name.startsWith('ipcns-msg'))
    const crit = join(directory, 'crit.json')
    await writeFile(crit, critJsonOf(messages?.[1] ?? new Uint8Array(), 'ipcns-msg-1.img'))
    await using inspector = await inspect(opened.namespace)
    const { page } = await browser.open(inspector.url)
    for (const chosen of [paths, paths.filter((path) => path.includes('ipcns-msg')), [crit]]) {
      await upload(page, ...chosen)
      await page.getByRole('option', { name: 'kept' }).waitFor()
      await page.getByText('Put away').click()
      await page.getByRole('option', { name: 'kept' }).waitFor({ state: 'detached' })
    }
    const broken = join(directory, 'broken.ndjson')
    await writeFile(broken, '{"format":"msgq ndjson"}\n')
    await upload(page, broken)
    match((await page.getByRole('alert').textContent()) ?? '', /ERR_MSGQ_IMAGE: broken\.ndjson/)
    await page.close()
  })

  test('is refused by the server when it is too large, longer or shorter than it says, or one too many', async () => {
    await using opened = await EMBEDDED.open()
    await using inspector = await inspect(opened.namespace)
    const headers = { origin: new URL(inspector.url).origin, cookie: await cookieOf(inspector.url) }
    const bytes = await ndjsonOf(['one'])
    const send = async (size: number, body: Uint8Array) => {
      const path = `/api/upload?name=an.ndjson&size=${size}`
      return (await ask(inspector.url, { method: 'POST', path, headers, body })).status
    }
    equal(await send(IMAGES_BYTES_MAX + 1, new Uint8Array(0)), 400)
    equal(await send(bytes.length + 1, bytes), 400)
    equal(await send(bytes.length - 1, bytes), 400)
    equal(await send(-1, bytes), 400)
    for (let image = 0; image < 4; image++) equal(await send(bytes.length, bytes), 200)
    equal(await send(bytes.length, bytes), 400)
    equal((await ask(inspector.url, { method: 'POST', path: '/api/upload?name=a&size=0', headers: {} })).status, 403)
  })

  test('restore does nothing when other queues are in the way than were told', async () => {
    await using opened = await EMBEDDED.open()
    await using inspector = await inspect(opened.namespace)
    const headers = { origin: new URL(inspector.url).origin, cookie: await cookieOf(inspector.url) }
    const bytes = await ndjsonOf(['one'])
    const path = `/api/upload?name=an.ndjson&size=${bytes.length}`
    await ask(inspector.url, { method: 'POST', path, headers, body: bytes })
    const standing = await MessageQueue.create(opened.namespace, KEY, text)
    await standing.send('stays')
    const call = { image: 1, choice: { standing: 'replace' }, replaces: [], appends: [] }
    const asked = { method: 'POST', path: '/api/restore', headers, body: JSON.stringify(call) }
    const { status, body } = await ask(inspector.url, asked)
    equal(status, 400)
    match(String(body), /have changed since you were asked: nothing was done/)
    equal((await standing.copy(0))?.payload, 'stays')
  })
})

async function upload(page: Page, ...paths: readonly string[]): Promise<void> {
  await page.getByRole('link', { name: 'Images' }).click()
  await page.locator('input[type="file"]:enabled').setInputFiles([...paths])
}

async function checkpointOf(words: readonly string[]) {
  await using opened = await EMBEDDED.open()
  await fill(opened.namespace, words)
  return opened.namespace.checkpoint()
}

async function fill(namespace: IpcNamespace, words: readonly string[]): Promise<void> {
  const queue = await MessageQueue.create(namespace, KEY, text)
  for (const word of words) await queue.send(word)
}

async function ndjsonOf(words: readonly string[]): Promise<Uint8Array> {
  const checkpoint = await checkpointOf(words)
  const image = { checkpoint, missing: [], namespaceNumber: 1, variables: LINUX_VARIABLES }
  return Buffer.concat([...imageAsNdjson(image)].map((chunk) => Buffer.from(chunk)))
}

async function imageFile(name: string, words: readonly string[]): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, await ndjsonOf(words))
  return path
}
