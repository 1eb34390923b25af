import { deepEqual, equal, match } from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { openNamespace } from '../../src/open/index.ts'
import { MessageQueue, text } from '../../src/queue/index.ts'
import { MSGQ, msgq } from '../cli/child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from '../cli/private-namespace.ts'
import { ServeProcess } from '../daemon/serve-process.ts'
import { ServedNamespace } from '../daemon/served.ts'
import { Browser } from './browser.ts'

/** Words of setpriv: a user who owns nothing. */
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']

/** `msgq inspect`, as a person starts it. */
class Inspect implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exit: Promise<unknown[]>
  stdout = ''
  stderr = ''

  private constructor(program: string, words: readonly string[]) {
    this.#child = spawn(program, words)
    this.#exit = once(this.#child, 'close')
    this.#child.stderr.on('data', (chunk) => {
      this.stderr += chunk
    })
  }

  static start(words: readonly string[]): Promise<Inspect> {
    return Inspect.startWith(process.execPath, [MSGQ, 'inspect', ...words])
  }

  /** Answers once the first line is printed. */
  static async startWith(program: string, words: readonly string[]): Promise<Inspect> {
    const started = new Inspect(program, words)
    const { stdout } = started.#child
    while (!started.stdout.includes('\n')) started.stdout += (await once(stdout, 'data'))[0]
    return started
  }

  /** @returns The exit status, and the signal that ended it. */
  async interrupt(): Promise<unknown[]> {
    this.#child.kill('SIGINT')
    return this.#exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }
}

describe('msgq inspect of the kernel', { skip: KERNEL_SKIPPED }, () => {
  test('may what the user may who started it: nobody sees a queue of root’s in the table, and no message of it', async () => {
    await using own = await PrivateNamespace.open()
    await using namespace = await openNamespace(`linux:?pid=${own.pid}`)
    const queue = await MessageQueue.create(namespace, 0x4d5347, text)
    await queue.send('for root alone')
    const words = own.entering('setpriv', [...NOBODY, process.execPath, MSGQ, 'inspect', 'linux:'])
    await using inspect = await Inspect.startWith('nsenter', words)
    await using browser = await Browser.start()
    const { page } = await browser.open(inspect.stdout.trim())
    await page.getByRole('link', { name: '0x004d5347' }).click()
    await page.getByRole('alert').getByText('EACCES').waitFor()
    equal(await page.getByText('for root alone').count(), 0)
    for (const [ask, action] of [
      ['Send', 'Send'],
      ['Receive', 'Take it'],
      ['Remove', 'Remove it'],
    ] as const) {
      await page.getByRole('button', { name: ask, exact: true }).click()
      await page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click()
      await page
        .getByRole('dialog')
        .getByRole('alert')
        .getByText(/EACCES|EPERM/)
        .waitFor()
      await page.keyboard.press('Escape')
    }
    equal((await queue.stat()).qnum, 1)
  })
})

describe('msgq inspect', () => {
  test('prints a link that opens the page over the namespace it was given, and an interrupt ends it', async () => {
    await using served = await ServedNamespace.start()
    await using namespace = await openNamespace(`unix:${served.path}`)
    const queue = await MessageQueue.create(namespace, 0x4d5347, text)
    await queue.send('seen from another process')
    await using inspect = await Inspect.start([`unix:${served.path}`])
    match(inspect.stdout, /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}\n$/)
    await using browser = await Browser.start()
    const { page } = await browser.open(inspect.stdout.trim())
    await page.getByRole('link', { name: '0x004d5347' }).click()
    await page.getByRole('option', { name: 'seen from another process' }).waitFor()
    deepEqual(await inspect.interrupt(), [0, null])
    match(inspect.stderr, /open the link; it works once/)
    await page.getByText('not connected').waitFor()
    await page.getByRole('alert').getByText('msgq inspect does not answer').waitFor()
    equal((await queue.stat()).qnum, 1)
  })

  test('--json prints the link as JSON, and --read-only says so on the page', async () => {
    await using inspect = await Inspect.start(['memory:', '--json', '--read-only'])
    const { url } = JSON.parse(inspect.stdout) as { readonly url: string }
    await using browser = await Browser.start()
    const { page } = await browser.open(url)
    await page.getByText('read-only').waitFor()
    await page.getByText('There is no queue in this namespace.').waitFor()
    for (const name of ['Make a queue', 'Change limits']) equal(await page.getByRole('button', { name }).count(), 0)
    for (const name of ['Images', 'Checkpoint']) equal(await page.getByRole('link', { name }).count(), 0)
    deepEqual(await inspect.interrupt(), [0, null])
  })

  test('shows the past that msgq serve --retain keeps, over a restart of the daemon', async () => {
    const retain = ['--retain', '1h,10MiB']
    await using serve = await ServeProcess.start(retain)
    let msqid = 0
    {
      await using namespace = await openNamespace(serve.url)
      const queue = await MessageQueue.create(namespace, 0x4d5347, text)
      await queue.send('kept by the past alone')
      await queue.receive()
      ;({ msqid } = queue)
    }
    equal(await serve.stop(), 0)
    await serve.start(retain)
    await using inspect = await Inspect.start([serve.url])
    await using browser = await Browser.start()
    const { page, problems } = await browser.open(inspect.stdout.trim())
    await page.getByRole('link', { name: 'Log' }).click()
    await page.getByText('3 events').waitFor()
    await page.getByRole('row', { name: 'sent' }).getByRole('button').click()
    const past = page.getByRole('region', { name: 'Timeline' })
    await past.getByText(`after: queue ${msqid} sent by pid ${process.pid}`).waitFor()
    await past.getByRole('option', { name: 'kept by the past alone' }).click()
    await past.getByLabel('Payload as text').getByText('kept by the past alone').waitFor()
    deepEqual(problems, [])
  })

  test('a port that is in use is told, and nothing is served', async () => {
    await using server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { readonly port: number }
    const { status, stderr, stdout } = msgq(['inspect', 'memory:', '--port', String(port)])
    equal(stdout, '')
    equal(status === 0, false)
    match(stderr, /EADDRINUSE/)
  })
})
