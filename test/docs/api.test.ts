import { equal } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const API = join(import.meta.dirname, '..', '..', '..', 'docs', 'api')

test('every name that the package exports has an API page, and so has every type that such a name is made of', async () => {
  const words = [
    join(API, 'node_modules/typedoc/bin/typedoc'),
    '--options',
    join(API, 'typedoc.json'),
    '--emit',
    'none',
  ]
  const complaints = await new Promise<string>((resolve) => {
    execFile(process.execPath, words, (error, stdout, stderr) => resolve(error === null ? '' : `${stdout}${stderr}`))
  })
  equal(complaints, '')
})
