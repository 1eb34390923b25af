import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, test } from 'node:test'
import { MSG_INFO } from '../../src/abi/index.ts'
import { MessageQueue, text } from '../../src/queue/index.ts'
import { ask, cookieOf } from './asked.ts'
import { Browser } from './browser.ts'
import { EMBEDDED, inspect } from './seen-in.ts'

const ABOUT = { method: 'POST', path: '/api/about', body: '{}' }

describe('who may ask the inspector', () => {
  test('the link works once, and its cookie is for this page alone', async () => {
    await using opened = await EMBEDDED.open()
    await using inspector = await inspect(opened.namespace)
    const first = await ask(inspector.url, { path: `/${new URL(inspector.url).search}` })
    equal(first.status, 303)
    match(String(first.headers['set-cookie']), /HttpOnly; SameSite=Strict/)
    equal((await ask(inspector.url, { path: `/${new URL(inspector.url).search}` })).status, 401)
    equal((await ask(inspector.url, { path: '/?token=' })).status, 401)
  })

  test('a wrong Host is refused with 421, another Origin with 403, no cookie with 401', async () => {
    await using opened = await EMBEDDED.open()
    await using inspector = await inspect(opened.namespace)
    const { origin, host } = new URL(inspector.url)
    const cookie = await cookieOf(inspector.url)
    equal((await ask(inspector.url, { ...ABOUT, headers: { cookie, origin } })).status, 200)
    for (const wrong of ['evil.example', `evil.example:${new URL(origin).port}`, '127.0.0.1']) {
      const headers = { cookie, origin: `http://${wrong}`, host: wrong }
      equal((await ask(inspector.url, { ...ABOUT, headers })).status, 421, wrong)
    }
    for (const wrong of ['http://evil.example', 'null', `https://${host}`]) {
      equal((await ask(inspector.url, { ...ABOUT, headers: { cookie, origin: wrong } })).status, 403, wrong)
    }
    equal((await ask(inspector.url, { ...ABOUT, headers: { cookie } })).status, 403)
    equal((await ask(inspector.url, { ...ABOUT, headers: { origin } })).status, 401)
    equal((await ask(inspector.url, { ...ABOUT, headers: { origin, cookie: `${cookie.slice(0, -1)}?` } })).status, 401)
    for (const path of ['/api/events', '/api/checkpoint', '/']) equal((await ask(inspector.url, { path })).status, 401)
  })

  test('a page of another origin reads nothing and changes nothing, in a browser that has the cookie', async () => {
    await using opened = await EMBEDDED.open()
    await using inspector = await inspect(opened.namespace)
    await using other = await inspect(opened.namespace)
    await using browser = await Browser.start()
    await (await browser.open(inspector.url)).page.close()
    const { page } = await browser.open(other.url)
    const { origin } = new URL(inspector.url)
    // The policy of our own page would stop it first, so the request is made outside of it.
    const answer = await page.context().request.post(`${origin}/api/create`, {
      headers: { origin: new URL(other.url).origin },
      data: { key: 7, mode: 0o600 },
    })
    equal(answer.status(), 403)
    const { info } = await opened.namespace.msgctl(0, MSG_INFO)
    equal(info.pool, 0)
    await page.close()
  })

  test('no other machine reaches it: it listens on 127.0.0.1 alone', async () => {
    await using opened = await EMBEDDED.open()
    await using inspector = await inspect(opened.namespace)
    const port = Number(new URL(inspector.url).port)
    // The whole of 127.0.0.0/8 is this machine's: a server that listens everywhere answers at each.
    for (const host of ['127.0.0.2', ...addressesOfThisMachine()]) equal(await connects(host, port), false, host)
    equal(await connects('127.0.0.1', port), true)
  })

  test('the page asks nobody else for anything, whatever of it is looked at', async () => {
    await using opened = await EMBEDDED.open()
    const queue = await MessageQueue.create(opened.namespace, 7, text)
    await queue.send('<link rel="stylesheet" href="http://evil.example/"><img src="http://evil.example/">')
    await using inspector = await inspect(opened.namespace)
    await using browser = await Browser.start()
    const asked: string[] = []
    browser.context.on('request', (request) => asked.push(request.url()))
    const { page, problems } = await browser.open(inspector.url)
    await page.getByRole('link', { name: '0x00000007' }).click()
    await page.getByRole('option').click()
    await page.getByLabel('Payload as text').waitFor()
    await page.getByRole('link', { name: 'Images' }).click()
    await page.getByRole('button', { name: 'Take one now' }).click()
    await page.getByRole('listbox').getByRole('option').click()
    await page.getByLabel('Payload as text').waitFor()
    const { origin } = new URL(inspector.url)
    ok(asked.length > 5, `${asked.length} requests`)
    deepEqual(
      asked.filter((url) => new URL(url).origin !== origin),
      [],
    )
    deepEqual(problems, [])
  })

  test('the page has a policy that runs nothing but its own files', async () => {
    await using opened = await EMBEDDED.open()
    await using inspector = await inspect(opened.namespace)
    const { headers } = await ask(inspector.url, { path: '/', headers: { cookie: await cookieOf(inspector.url) } })
    const policy = String(headers['content-security-policy'])
    match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
    match(policy, /frame-ancestors 'none'/)
    ok(!policy.includes('unsafe'))
  })
})

describe('--read-only', () => {
  test('every call that changes something is refused by the server, and a checkpoint too', async () => {
    await using opened = await EMBEDDED.open()
    const queue = await MessageQueue.create(opened.namespace, 7, text)
    await queue.send('stays')
    await using inspector = await inspect(opened.namespace, { readOnly: true })
    const { origin } = new URL(inspector.url)
    const headers = { origin, cookie: await cookieOf(inspector.url) }
    const before = await queue.stat()
    const changing = ['create', 'send', 'receive', 'accept', 'remove', 'set', 'setLimits', 'restore']
    const images = ['images', 'keep', 'putAway', 'imageDiff', 'planRestore']
    for (const name of [...changing, ...images, 'upload']) {
      const body = JSON.stringify({ msqid: queue.msqid, key: 8, mode: 384, msgtyp: '0', type: '1', payload: '' })
      equal((await ask(inspector.url, { method: 'POST', path: `/api/${name}`, headers, body })).status, 403, name)
    }
    equal((await ask(inspector.url, { path: '/api/checkpoint', headers })).status, 403)
    deepEqual(await queue.stat(), before)
    equal((await ask(inspector.url, { ...ABOUT, headers })).status, 200)
  })
})

describe('a checkpoint', () => {
  test('is downloaded as an image that restores elsewhere', async () => {
    await using opened = await EMBEDDED.open()
    const queue = await MessageQueue.create(opened.namespace, 7, text)
    await queue.send('kept')
    await using inspector = await inspect(opened.namespace)
    const headers = { cookie: await cookieOf(inspector.url) }
    const { body, status } = await ask(inspector.url, { path: '/api/checkpoint', headers })
    equal(status, 200)
    const { NdjsonDecoder } = await import('../../src/image/index.ts')
    const decoder = new NdjsonDecoder('download')
    decoder.feed(body)
    const { checkpoint } = decoder.end()
    await using elsewhere = await EMBEDDED.open()
    await elsewhere.namespace.restore(checkpoint)
    equal((await (await MessageQueue.open(elsewhere.namespace, 7, text)).receive()).payload, 'kept')
  })
})

/** Those of its network, where it has one. */
function addressesOfThisMachine(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address)
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
