import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { emptyCheckpoint, goldenCheckpoint, smallCheckpoint } from '../../test/golden/checkpoints.ts'
import { decodeImage, encodeImage } from './image.ts'
import { ImageAssembly } from './image-assembly.ts'
import { encodeIpcnsMsg } from './ipcns-msg.ts'
import { encodeIpcnsVar, LINUX_IPC_VAR } from './ipcns-var.ts'

const INT_MAX = 2 ** 31 - 1

describe('ImageAssembly', () => {
  test('ImageAssembly.decoder passes over a file that it does not know', () => {
    const assembly = new ImageAssembly(1, undefined)
    for (const name of ['core-1.img', 'ipcns-var-2.img', 'msgq-1.ndjson']) {
      const decoder = assembly.decoder(name)
      decoder.feed(Uint8Array.of(1, 2, 3))
      assert.equal(decoder.end(), undefined)
    }
    assert.throws(() => assembly.image(), {
      file: 'msgq-1.ndjson',
      expected: 'a file of an image: it, ipcns-msg-1.img or ipcns-var-1.img',
      message: /found none$/,
    })
  })

  test('ImageAssembly.image takes Linux’s limits where ours names no other file', () => {
    const ours = { time: 5, nextId: -1, files: new Map(), queues: [], waiting: [] }
    const { checkpoint, missing } = new ImageAssembly(1, ours).image()
    const limits = { msgmax: 8_192, msgmnb: 16_384, msgmni: 32_000 }
    assert.deepEqual(checkpoint, { time: 5, limits, nextId: -1, queues: [], waiting: [] })
    assert.deepEqual(missing, [])
  })

  test('ImageAssembly.image has the identifiers that come next, where ours tells them', () => {
    const identifiers = { nextIndex: 3, lastIndex: 2, sequence: 7 }
    const ours = { time: 5, nextId: -1, identifiers, files: new Map(), queues: [], waiting: [] }
    assert.deepEqual(new ImageAssembly(1, ours).image().checkpoint.identifiers, identifiers)
  })

  test('ImageAssembly.image says what CRIU’s files do not tell, and where there is no file of variables, that', () => {
    const missingOf = (...files: readonly [name: string, content: Uint8Array][]) => {
      const assembly = new ImageAssembly(1, undefined)
      for (const [name, content] of files) {
        const decoder = assembly.decoder(name)
        decoder.feed(content)
        decoder.end()
      }
      return assembly.image().missing
    }
    const reason = 'CRIU does not keep it'
    const forgotten = [
      { field: 'qbytes', reason: 'CRIU keeps its low 32 bits' },
      ...['time', 'identifiers', 'stime', 'rtime', 'ctime', 'lspid', 'lrpid'].map((field) => ({ field, reason })),
      ...['copyCounter', 'lastSequence', 'sequence', 'sender', 'waiting'].map((field) => ({ field, reason })),
    ]
    const limits = { field: 'limits', reason: "there is no ipcns-var-N.img: Linux's defaults" }
    assert.deepEqual(missingOf(['ipcns-msg-1.img', encodeIpcnsMsg([])]), [...forgotten, limits])
    assert.deepEqual(missingOf(['ipcns-var-1.img', encodeIpcnsVar(LINUX_IPC_VAR)]), forgotten)
  })

  test('ImageAssembly.image of CRIU’s files has the pending id that they tell, -1 where they tell none, and nobody waiting', () => {
    for (const [told, pending] of [
      [undefined, -1],
      [0, 0],
      [123_456, 123_456],
      [2 ** 32 - 1, -1],
      [2 ** 32 - 5, -1],
    ] as const) {
      const assembly = new ImageAssembly(1, undefined)
      const decoder = assembly.decoder('ipcns-var-1.img')
      decoder.feed(encodeIpcnsVar({ ...LINUX_IPC_VAR, ...(told !== undefined && { msgNextId: told }) }))
      decoder.end()
      const { nextId, waiting } = assembly.image().checkpoint
      assert.deepEqual([nextId, waiting], [pending, []], String(told))
    }
  })

  test('ImageAssembly.image takes every limit that an int holds, and refuses more', () => {
    const imageOf = (limits: object) => {
      const assembly = new ImageAssembly(1, undefined)
      const decoder = assembly.decoder('ipcns-var-1.img', 'as it is called')
      decoder.feed(encodeIpcnsVar({ ...LINUX_IPC_VAR, ...limits }))
      decoder.end()
      return assembly.image()
    }
    const most = { msgmax: INT_MAX, msgmnb: INT_MAX, msgmni: INT_MAX }
    const { limits } = imageOf({ msgCtlmax: INT_MAX, msgCtlmnb: INT_MAX, msgCtlmni: INT_MAX }).checkpoint
    assert.deepEqual(limits, most)
    for (const name of ['msgCtlmax', 'msgCtlmnb', 'msgCtlmni']) {
      assert.throws(() => imageOf({ [name]: INT_MAX + 1 }), {
        name: 'ImageError',
        file: 'ipcns-var-1.img',
        message: /found 2147483648$/,
      })
    }
  })
})

describe('decodeImage of a file that is not the one that ours names', () => {
  const NAME = 'ipcns-msg-1.img'

  test('decodeImage says what it found: another hash, another length and from where, or nothing', async () => {
    const files = await encodeImage(smallCheckpoint('here'))
    const content = files.get(NAME) ?? new Uint8Array(0)
    const flipped = content.slice()
    flipped[20] = (flipped[20] ?? 0) ^ 1
    const refused = (bytes: Uint8Array) => decodeImage(new Map([...files, [NAME, bytes]]))
    await assert.rejects(refused(flipped), { file: NAME, offset: undefined, message: /found SHA-256 [0-9a-f]{64}$/ })
    const longer = Uint8Array.of(...content, 0)
    const place = { file: NAME, offset: content.length }
    await assert.rejects(refused(longer), { ...place, message: new RegExp(`found ${content.length + 1} bytes$`) })
    await assert.rejects(refused(content.slice(0, 9)), { file: NAME, offset: 9, message: /found 9 bytes$/ })
    const without = new Map([...files].filter(([name]) => name !== NAME))
    await assert.rejects(decodeImage(without), { file: NAME, offset: undefined, message: /found no such file$/ })
  })

  test('decodeImage of ours and a file that ours does not name leaves that one alone', async () => {
    const [files, others] = [await encodeImage(emptyCheckpoint()), await encodeImage(goldenCheckpoint())]
    const { checkpoint } = await decodeImage(new Map([...files, [NAME, others.get(NAME) ?? new Uint8Array(0)]]))
    assert.deepEqual(checkpoint.queues, [])
  })
})
