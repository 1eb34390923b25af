import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  arbitraryCheckpoint,
  bytes,
  emptyCheckpoint,
  goldenCheckpoint,
  smallCheckpoint,
  unpacked,
} from '../../test/golden/checkpoints.ts'
import type { Checkpoint } from '../engine/index.ts'
import { Engine } from '../engine/index.ts'
import { decodeImage, decodeIpcnsMsg, encodeImage, ImageError, type ImageFiles, LINUX_VARIABLES } from './index.ts'
import { sha256 } from './seal.ts'

const GOLDEN = new URL('../../../test/golden/image-1/', import.meta.url)
const CRIU = new URL('../../../test/golden/criu/', import.meta.url)

function filesOf(directory: URL, ...names: string[]): Map<string, Uint8Array> {
  return new Map(names.map((name) => [name, Uint8Array.from(fs.readFileSync(new URL(name, directory)))]))
}

const criuFiles = () => filesOf(CRIU, 'ipcns-msg-9.img', 'ipcns-var-9.img')

/** Our file with another text, and a hash that fits it. */
async function forged(files: ImageFiles, change: (text: string) => string): Promise<Map<string, Uint8Array>> {
  const text = new TextDecoder().decode(files.get('msgq-1.ndjson'))
  const changed = change(text.replace(/[^\n]*\n$/, ''))
  assert.notEqual(changed + text.split('\n').at(-2), text.trimEnd(), 'the forgery changes something')
  const seal = `{"sha256":"${await sha256(bytes(changed))}"}\n`
  return new Map([...files, ['msgq-1.ndjson', bytes(changed + seal)]])
}

describe('encodeImage and decodeImage', () => {
  test('encodeImage writes the golden image, byte for byte', async () => {
    const image = await encodeImage(goldenCheckpoint())
    assert.deepEqual([...image.keys()], ['ipcns-msg-1.img', 'ipcns-var-1.img', 'msgq-1.ndjson'])
    for (const [name, content] of image) {
      assert.deepEqual(Buffer.from(content), fs.readFileSync(new URL(name, GOLDEN)), name)
    }
  })

  test('decodeImage reads the golden image: everything is as it was', async () => {
    const files = filesOf(GOLDEN, 'ipcns-msg-1.img', 'ipcns-var-1.img', 'msgq-1.ndjson')
    const image = await decodeImage(files)
    assert.deepEqual(unpacked(image.checkpoint), goldenCheckpoint())
    assert.deepEqual(image.missing, [])
    assert.equal(image.namespaceNumber, 1)
    assert.deepEqual(image.variables, LINUX_VARIABLES)
  })

  test('decodeImage gives back every checkpoint that encodeImage was given', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCheckpoint, async (checkpoint) => {
        const { checkpoint: read, missing } = await decodeImage(await encodeImage(checkpoint))
        assert.deepEqual(unpacked(read), unpacked(checkpoint))
        assert.deepEqual(missing, [])
      }),
      { numRuns: 100 },
    )
  })

  test('decodeImage gives back the checkpoint of an engine, calls that wait included', async () => {
    const engine = new Engine()
    const caller = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: ['CAP_IPC_OWNER'] as const }
    let number = 0
    const apply = (call: Parameters<Engine['apply']>[0]['call']) =>
      engine.apply({ ticket: { session: 0, number: number++ }, now: 1000 + number, caller, call })
    apply({ name: 'msgget', key: -5, msgflg: 0o1600 })
    apply({ name: 'msgget', key: 0, msgflg: 0o600 })
    apply({ name: 'msgsnd', msqid: 0, mtype: 2n ** 62n, mtext: bytes('a'), msgflg: 0 })
    apply({ name: 'msgsnd', msqid: 0, mtype: 3, mtext: bytes(''), msgflg: 0 })
    apply({ name: 'msgrcv', msqid: 0, msgsz: 10, msgtyp: 0, msgflg: 0 })
    apply({ name: 'msgrcv', msqid: 1, msgsz: 10, msgtyp: -9, msgflg: 0 })
    const checkpoint = engine.checkpoint(caller, 5000)
    assert.ok(!('code' in checkpoint))
    assert.equal(checkpoint.waiting.length, 1)
    assert.deepEqual(unpacked((await decodeImage(await encodeImage(checkpoint))).checkpoint), unpacked(checkpoint))
  })

  test('encodeImage reads the checkpoint before it waits: bytes that change afterwards are not in the image', async () => {
    const checkpoint = smallCheckpoint('before')
    const encoding = encodeImage(checkpoint)
    for (const { mtext } of checkpoint.queues[0]?.messages ?? []) mtext.fill(0)
    assert.deepEqual(unpacked((await decodeImage(await encoding)).checkpoint), smallCheckpoint('before'))
  })

  test('encodeImage keeps the low 32 bits of qbytes for CRIU, and the exact number in our file', async () => {
    const image = await encodeImage(goldenCheckpoint())
    assert.equal(decodeIpcnsMsg(image.get('ipcns-msg-1.img') ?? bytes(''))[0]?.qbytes, 4096)
    assert.equal((await decodeImage(image)).checkpoint.queues[0]?.qbytes, 2 ** 32 + 4096)
  })

  test('encodeImage makes no ipcns-msg file of a namespace without queues', async () => {
    const image = await encodeImage(emptyCheckpoint())
    assert.deepEqual([...image.keys()], ['ipcns-var-1.img', 'msgq-1.ndjson'])
    assert.deepEqual(unpacked((await decodeImage(image)).checkpoint), emptyCheckpoint())
  })

  test('encodeImage keeps what it is told of the namespace beside its queues', async () => {
    const variables = {
      ...LINUX_VARIABLES,
      shmCtlmax: 2n ** 64n - 1n,
      semNextId: 5,
      unknown: Uint8Array.of(0x90, 1, 7),
    }
    const image = await encodeImage(emptyCheckpoint(), { variables, namespaceNumber: 4_294_967_295 })
    assert.ok(image.has('ipcns-var-4294967295.img'))
    assert.deepEqual((await decodeImage(image)).variables, variables)
  })

  test('encodeImage refuses what is no checkpoint, and says what is wrong', async () => {
    const [queue] = smallCheckpoint('x').queues
    assert.ok(queue !== undefined)
    const [message] = queue.messages
    const withQueue = (change: object) => ({ ...emptyCheckpoint(), queues: [{ ...queue, ...change }] })
    const withMessage = (change: object) => withQueue({ messages: [{ ...message, ...change }] })
    const cases: [unknown, RegExp][] = [
      [null, /^TypeError: a checkpoint must be an object/],
      [{ ...emptyCheckpoint(), queues: 5 }, /^TypeError: the queues/],
      [{ ...emptyCheckpoint(), nextId: -2 }, /^RangeError: nextId must be a whole number from -1/],
      [{ ...emptyCheckpoint(), time: 'now' }, /^TypeError: time must be a number/],
      [{ ...emptyCheckpoint(), queues: [queue, queue] }, /^RangeError: queue 0 is in the checkpoint twice/],
      [withQueue({ qbytes: 1.5 }), /^RangeError: queue 0: qbytes/],
      [withQueue({ perm: { ...queue.perm, mode: 0o1000 } }), /^RangeError: queue 0: mode/],
      [withMessage({ mtype: 0 }), /^RangeError: queue 0, message 0: mtype/],
      [withMessage({ mtype: 2n ** 63n }), /^RangeError: queue 0, message 0: mtype/],
      [withMessage({ mtext: 'x' }), /^RangeError: queue 0, message 0: mtext/],
      [withMessage({ sequence: 0 }), /^RangeError: queue 0, message 0: sequence/],
    ]
    for (const [wrong, error] of cases) await assert.rejects(encodeImage(wrong as Checkpoint), error)
    for (const namespaceNumber of [-1, 0.5, 2 ** 32]) {
      await assert.rejects(encodeImage(emptyCheckpoint(), { namespaceNumber }), RangeError)
    }
  })
})

describe("CRIU's own image", () => {
  test('decodeImage reads it without our file, and lists what is missing', async () => {
    const { checkpoint, missing, namespaceNumber } = await decodeImage(criuFiles())
    assert.equal(namespaceNumber, 9)
    assert.deepEqual(
      checkpoint.queues.map(({ msqid, perm, qbytes, messages }) => [
        msqid,
        perm.key,
        perm.mode,
        qbytes,
        messages.length,
      ]),
      [
        [1, 0x4d534751, 0o640, 4096, 4],
        [2, 0, 0o600, 16_384, 1],
      ],
    )
    assert.deepEqual(checkpoint.limits, { msgmax: 8192, msgmnb: 16_384, msgmni: 32_000 })
    assert.deepEqual([checkpoint.nextId, checkpoint.waiting], [-1, []])
    assert.equal('stime' in (checkpoint.queues[0] ?? {}), false)
    for (const field of ['time', 'identifiers', 'stime', 'lspid', 'sequence', 'sender', 'waiting', 'qbytes']) {
      assert.ok(
        missing.some((one) => one.field === field),
        field,
      )
    }
    assert.ok(!missing.some(({ field }) => field === 'limits'), 'what it has is not missing')
  })

  test('decodeImage takes the signed key and a pending msg_next_id from it', async () => {
    const golden = await encodeImage(goldenCheckpoint())
    const { checkpoint } = await decodeImage(new Map([...golden].filter(([name]) => name.endsWith('.img'))))
    assert.equal(checkpoint.queues[0]?.perm.key, -559_038_737)
    assert.equal(checkpoint.nextId, 123_456)
  })

  test('decodeImage takes one file alone: no ipcns-msg is no queue, no ipcns-var is missing limits', async () => {
    const files = criuFiles()
    const noMsg = await decodeImage(new Map([...files].slice(1)))
    assert.deepEqual(noMsg.checkpoint.queues, [])
    const noVar = await decodeImage(new Map([...files].slice(0, 1)))
    assert.equal(noVar.checkpoint.queues.length, 2)
    assert.ok(noVar.missing.some(({ field }) => field === 'limits'))
  })

  test('decodeImage refuses none, and several unless it is told which', async () => {
    await assert.rejects(decodeImage(new Map([['core-1.img', bytes('')]])), /expected ipcns-msg-N.img/)
    const both = new Map([...criuFiles(), ...(await encodeImage(smallCheckpoint('x')))])
    await assert.rejects(decodeImage(both), /numbers 1, 9/)
    assert.equal((await decodeImage(both, { namespaceNumber: 9 })).checkpoint.queues.length, 2)
    assert.deepEqual(unpacked((await decodeImage(both, { namespaceNumber: 1 })).checkpoint), smallCheckpoint('x'))
    await assert.rejects(decodeImage(both, { namespaceNumber: 2 }), ImageError)
  })
})

describe('a damaged image', () => {
  test('decodeImage refuses every prefix of every file', async () => {
    const image = await encodeImage(smallCheckpoint('prefix'))
    for (const [name, content] of image) {
      for (let length = 0; length < content.length; length++) {
        const cut = new Map([...image, [name, content.subarray(0, length)]])
        await assert.rejects(decodeImage(cut), ImageError, `${name} cut to ${length}`)
      }
      const without = new Map([...image].filter(([other]) => other !== name))
      if (name !== 'msgq-1.ndjson') await assert.rejects(decodeImage(without), { file: name })
    }
  })

  test('decodeImage refuses every flipped bit of every file', async () => {
    const image = await encodeImage(smallCheckpoint('flip'))
    for (const [name, content] of image) {
      for (let bit = 0; bit < content.length * 8; bit++) {
        const flipped = content.slice()
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        await assert.rejects(decodeImage(new Map([...image, [name, flipped]])), ImageError, `${name}, bit ${bit}`)
      }
    }
  })

  test('decodeImage names the file that is not the one that our file names', async () => {
    const image = await encodeImage(goldenCheckpoint())
    const other = await encodeImage({ ...goldenCheckpoint(), limits: { msgmax: 1, msgmnb: 2, msgmni: 3 } })
    const mixed = new Map([...image, ['ipcns-var-1.img', other.get('ipcns-var-1.img') ?? bytes('')]])
    await assert.rejects(decodeImage(mixed), {
      file: 'ipcns-var-1.img',
      message: /the \d+ bytes that msgq wrote, SHA-256/,
    })
  })

  test('decodeImage says that a newer msgq wrote a newer version', async () => {
    const newer = await forged(await encodeImage(emptyCheckpoint()), (text) =>
      text.replace('"version":1', '"version":2'),
    )
    await assert.rejects(decodeImage(newer), {
      message:
        'ERR_MSGQ_IMAGE: msgq-1.ndjson, byte 0: expected format version 1 or older: a newer msgq wrote this image, found version 2',
    })
    const foreign = new Map([['msgq-1.ndjson', bytes('{"jobs":[]}\n')]])
    await assert.rejects(decodeImage(foreign), /expected a header of a msgq image/)
  })

  test('decodeImage refuses our file when it says what cannot be, hash or no hash', async () => {
    const image = await encodeImage(goldenCheckpoint())
    const cases: [from: string | RegExp, to: string][] = [
      ['"msqid":229376,"creator"', '"msqid":3,"creator"'],
      ['"count":4', '"count":5'],
      ['"sequence":[2,1,1,1,4,1,2,1]', '"sequence":[2,1,1,1,4,1,2,1e15]'],
      ['"sequence":[2,1,1,1,4,1,2,1]', '"sequence":[2,1,1,1,4,1,-2,1]'],
      ['"sequence":[2,1,1,1,4,1,2,1]', '"sequence":[2,3]'],
      ['"pid":[4242,3,1,1]', '"pid":[-1,3,1,1]'],
      ['"pid":[4242,3,1,1]', '"pid":[null,4]'],
      ['"lastSequence":9', '"lastSequence":8'],
      ['"lspid":4242', '"lspid":"4242"'],
      ['"queues":2', '"queues":1'],
      ['"session":5', '"session":-5'],
      ['"AP8K"', '"AP8"'],
      ['"-9223372036854775808"', '"-9223372036854775809"'],
      ['"name":"copyAfter"', '"name":"copyBefore"'],
      [/"files":\{[^}]*\},/, '"files":{'],
      ['{"queue":', '{"queue":0,"was":'],
      ['{"waiting":', '["waiting",'],
    ]
    for (const [from, to] of cases) {
      const files = await forged(image, (text) => text.replace(from, to))
      await assert.rejects(decodeImage(files), ImageError, `${from} as ${to}`)
    }
    assert.deepEqual(unpacked((await decodeImage(image)).checkpoint), goldenCheckpoint())
  })
})
