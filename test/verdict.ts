/**
 * What is wrong with a run of tests none of which failed; `undefined` when nothing is. Node is content with no test at
 * all: a file without one counts as a test that has passed, under the file's name.
 *
 * @param tap The whole run's report, as the runner's `tap` reporter writes it.
 */
export function problemOf(tap: string, { CI }: { readonly CI?: string | undefined }): string | undefined {
  const [, empty] = /^ok \d+ - (.*\.test\.js)$/m.exec(tap) ?? []
  if (empty !== undefined) return `there is no test in ${empty}`
  const skipped = [...tap.matchAll(/^ *ok \d+ - (.*) # SKIP/gm)].map(([, name]) => name)
  if (CI === 'true' && skipped.length > 0) return `with CI=true nothing is skipped, but ${skipped.join('; ')}`
  const [, passed] = /^# pass (\d+)$/m.exec(tap) ?? []
  return Number(passed) > 0 ? undefined : 'no test ran'
}
