import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

/** Chromium needs its sandbox off where it is root, and says nothing to anybody. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Debian's Chromium with a profile of its own, which ends with this object. */
export class Browser implements AsyncDisposable {
  readonly #directory: string
  readonly context: BrowserContext

  private constructor(directory: string, context: BrowserContext) {
    this.#directory = directory
    this.context = context
  }

  static async start(): Promise<Browser> {
    const directory = await mkdtemp(join(tmpdir(), 'msgq-browser-'))
    const context = await chromium.launchPersistentContext(directory, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      args: FLAGS,
      viewport: { width: 1280, height: 800 },
    })
    return new Browser(directory, context)
  }

  /** Opens a page; what it cannot do (a script error, a refusal of its security policy) is in `problems`. */
  async open(url: string): Promise<{ readonly page: Page; readonly problems: string[] }> {
    const page = await this.context.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.goto(url)
    return { page, problems }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
