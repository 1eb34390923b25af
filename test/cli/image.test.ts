import { deepEqual, equal, match } from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { Checkpoint } from '../../src/engine/index.ts'
import { writeImage } from '../../src/image/index.ts'
import { goldenCheckpoint } from '../golden/checkpoints.ts'
import { msgq } from './child.ts'

const CRIU = join(import.meta.dirname, '../../../test/golden/criu')
const directory = mkdtempSync(join(tmpdir(), 'msgq-image-'))
after(() => rmSync(directory, { recursive: true }))

const image = (...words: string[]) => msgq(['image', ...words])

describe('msgq image', () => {
  test('show prints the queues and messages of what CRIU wrote', () => {
    const { status, stdout } = image('show', CRIU)
    equal(status, 0)
    match(stdout, /queue 1, key 0x4d534751/)
    match(stdout, /9223372036854775807 +16 +Z{16}/)
    match(stdout, /queue 2, .*, 1 message, qbytes/)
  })

  test('convert gives the JSON that crit gives, and its file back, byte for byte', () => {
    for (const name of ['ipcns-msg-9', 'ipcns-var-9']) {
      const [file, json, again] = [join(CRIU, `${name}.img`), join(directory, `${name}.json`), join(directory, name)]
      equal(image('convert', file, json).status, 0)
      deepEqual(JSON.parse(readFileSync(json, 'utf8')), JSON.parse(readFileSync(join(CRIU, `${name}.json`), 'utf8')))
      equal(image('convert', json, again).status, 0)
      deepEqual(readFileSync(again), readFileSync(file))
      equal(image('convert', json, again).status, 3, 'what is there already is not written over')
    }
  })

  test('convert gives NDJSON of an image, and an equal image back', async () => {
    const [saved, lines, again] = ['saved', 'saved.ndjson', 'again'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ]
    await writeImage(saved, goldenCheckpoint())
    equal(image('convert', saved, lines).status, 0)
    equal(image('convert', lines, again).status, 0)
    for (const name of readdirSync(saved))
      deepEqual(readFileSync(join(again, name)), readFileSync(join(saved, name)), name)
    equal(image('convert', saved).stdout, readFileSync(lines, 'utf8'), 'without TO it is on standard output')
    match(image('show', lines).stdout, /2 queues, 5 messages/)
    equal(image('diff', saved, lines).stdout, 'the same\n')
    match(
      image('convert', join(CRIU, 'ipcns-msg-9.img'), '--to', 'ndjson').stdout,
      /"encoding":"utf-8","payload":"hello"/,
    )
  })

  test('convert refuses what cannot be, and leaves what stands there alone', async () => {
    const [saved, broken, kept] = ['whole', 'broken.ndjson', 'kept'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ]
    await writeImage(saved, goldenCheckpoint())
    writeFileSync(broken, image('convert', saved).stdout.slice(0, -20))
    mkdirSync(kept)
    writeFileSync(join(kept, 'precious'), '')
    const { status, stderr } = image('convert', broken, kept)
    equal(status, 3)
    match(stderr, /broken\.ndjson, byte [0-9]+: expected a last line that ends/)
    const fine = join(directory, 'fine.ndjson')
    equal(image('convert', saved, fine).status, 0)
    equal(image('convert', fine, kept).status, 3, 'a directory that is there is not filled')
    equal(image('convert', saved, fine).status, 3, 'nor is a file written over')
    deepEqual(readdirSync(kept), ['precious'])
    equal(image('convert', broken, join(directory, 'nothing')).status, 3)
    equal(existsSync(join(directory, 'nothing')), false)
    for (const words of [[saved, '--to', 'crit'], [saved, '--to', 'xml'], [broken]])
      equal(image('convert', ...words).status, 2, words.join(' '))
    equal(image('show', saved, '--to', 'crit').status, 2)
  })

  test('diff tells what came and went, and exits with 1 only when asked to', async () => {
    const before = goldenCheckpoint()
    const [first, ...others] = before.queues
    if (first === undefined) throw new Error('the golden checkpoint has queues')
    const [taken, ...left] = first.messages
    if (taken === undefined) throw new Error('its first queue has messages')
    const later: Checkpoint = { ...before, queues: [{ ...first, messages: left }, ...others] }
    const [a, b] = [join(directory, 'a'), join(directory, 'b')]
    await writeImage(a, before)
    await writeImage(b, later)

    const same = image('diff', a, a, '--exit-code')
    deepEqual([same.status, same.stdout], [0, 'the same\n'])
    const { status, stdout } = image('diff', a, b)
    equal(status, 0)
    match(stdout, new RegExp(`- \\[0\\] type ${taken.mtype}, ${taken.mtext.length} byte`))
    const asked = image('diff', a, b, '--exit-code')
    deepEqual([asked.status, asked.stdout, asked.stderr], [1, stdout, ''])
    const { isSame, queues } = JSON.parse(image('diff', a, b, '--json').stdout)
    deepEqual([isSame, queues.length, queues[0].msqid], [false, 1, first.msqid])
  })

  test('a foreign file and a missing one are told, with exit status 3', () => {
    const foreign = join(directory, 'foreign.img')
    writeFileSync(foreign, 'not an image')
    const { status, stderr } = image('show', foreign)
    equal(status, 3)
    match(stderr, /foreign\.img/)
    equal(image('show', join(directory, 'nowhere')).status, 3)
    equal(image('frobnicate', foreign).status, 2)
  })
})
