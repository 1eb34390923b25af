import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

interface Looked {
  /** What is looked at: of an open dialog the page behind it cannot be reached. */
  readonly within?: string
  /** At contrasts alone: a page that was looked at has nothing else to find when its colours change. */
  readonly colours?: boolean
}

/** What axe-core finds that keeps people out. It is evaluated past the page's policy, as a debugger does. */
export async function seriousFaults(page: Page, { within = 'body', colours = false }: Looked = {}): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(source)
  const context = within === 'body' ? 'document' : JSON.stringify(within)
  const options = { resultTypes: ['violations'], ...(colours && { runOnly: ['color-contrast'] }) }
  const run = `axe.run(${context}, ${JSON.stringify(options)})`
  const { violations } = await page.evaluate<{ violations: Violation[] }>(run)
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Runs in the page: whether it is wider than a small window still when it has drawn so many frames since. */
const IS_TOO_WIDE = `new Promise((resolve) => {
  let frames = 0
  const look = () => {
    if (innerWidth === 360 && document.documentElement.scrollWidth <= 360) resolve(false)
    else if (++frames > 120) resolve(true)
    else requestAnimationFrame(look)
  }
  look()
})`

/** Whether the page is wider than a window of 360 pixels. */
export async function isTooWide(page: Page): Promise<boolean> {
  const size = page.viewportSize()
  await page.setViewportSize({ width: 360, height: 740 })
  const isWide = await page.evaluate<boolean>(IS_TOO_WIDE)
  if (size !== null) await page.setViewportSize(size)
  return isWide
}
