import path from 'node:path'
import { defineConfig, type Plugin, type UserConfig } from 'vite'

const SHARED: UserConfig = {
  base: './',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
}

const BUILD: UserConfig['build'] = {
  emptyOutDir: true,
  target: 'es2022',
  // What is inlined is refused by the page's content security policy.
  assetsInlineLimit: 0,
  modulePreload: false,
}

const ROLLDOWN: NonNullable<UserConfig['build']>['rolldownOptions'] = {
  // Modules of Node's stand behind what a page does not use, and go with it: the tests of both look.
  onLog: (level, log, handle) => log.message.includes('externalized for browser') || handle(level, log),
}

/** The thread that hashes long files is found by its name, so that it would be left beside pages which have no such files. */
const NO_WORKER: Plugin = {
  name: 'no-worker',
  generateBundle(_, bundle) {
    for (const name of Object.keys(bundle)) if (name.includes('hash-worker')) delete bundle[name]
  },
}

/** A browser loads no module from a file that is opened without a server; a plain script it does. */
const PLAIN_SCRIPT: Plugin = {
  name: 'plain-script',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => html.replace('type="module" crossorigin', 'defer').replace(' crossorigin', ''),
  },
}

/**
 * `npm run build` builds the inspector's page beside the compiled command, which serves it, and, in the mode
 * `playground`, static files of the playground. See docs/decisions/0019.
 */
export default defineConfig(({ mode }) => {
  if (mode === 'playground') {
    return {
      ...SHARED,
      // Reading and writing images hashes.
      resolve: { alias: { 'node:crypto': path.join(import.meta.dirname, 'src/playground/node-crypto.ts') } },
      root: 'src/playground',
      plugins: [NO_WORKER, PLAIN_SCRIPT],
      build: {
        ...BUILD,
        outDir: '../../dist/playground',
        // Else the script would write the style into the page, which its policy refuses.
        cssCodeSplit: false,
        rolldownOptions: { ...ROLLDOWN, output: { format: 'iife' } },
      },
    }
  }
  return {
    ...SHARED,
    root: 'src/inspector/page',
    plugins: [NO_WORKER],
    build: { ...BUILD, outDir: '../../../dist/src/inspector/page', rolldownOptions: ROLLDOWN },
  }
})
