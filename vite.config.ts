import { defineConfig } from 'vite'

/** `npm run build` builds the inspector's page beside the compiled command, which serves it. See docs/decisions/0019. */
export default defineConfig({
  root: 'src/inspector/page',
  base: './',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../../dist/src/inspector/page',
    emptyOutDir: true,
    target: 'es2022',
    // What is inlined is refused by the page's content security policy.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
})
