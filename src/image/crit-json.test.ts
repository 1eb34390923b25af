import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, test } from 'node:test'
import { LONG_MAX } from '../abi/index.ts'
import {
  critJsonAsImage,
  critJsonOf,
  decodeIpcnsMsg,
  decodeIpcnsVar,
  encodeIpcnsMsg,
  encodeIpcnsVar,
  ImageError,
  type IpcnsQueue,
  LINUX_IPC_VAR,
} from './index.ts'

const SAMPLES = new URL('../../../test/golden/criu/', import.meta.url)
const NAMES = ['ipcns-msg-9', 'ipcns-var-9']

const sample = (name: string) => Uint8Array.from(fs.readFileSync(new URL(`${name}.img`, SAMPLES)))
/** What `crit decode --pretty` printed of it. */
const prettyJson = (name: string) => fs.readFileSync(new URL(`${name}.json`, SAMPLES), 'utf8')

const QUEUE: IpcnsQueue = {
  ...{ key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 0o600, id: 6, qbytes: 7 },
  messages: [],
}

/** A queue in crit's JSON, as an object to be changed. */
function queueJson(extra: readonly unknown[] = [], change: object = {}, desc: object = {}) {
  const { messages: _, qbytes, ...rest } = QUEUE
  return { desc: { ...rest, ...desc }, qbytes, qnum: extra.length / 2, extra, ...change }
}

const messages = (...entries: readonly unknown[]) => ({ magic: 'IPCNS_MSG', entries })

describe('critJsonOf', () => {
  test('critJsonOf writes what crit wrote of its own samples, on one line as Python does', () => {
    for (const name of NAMES) {
      const oneLine = prettyJson(name)
        .replace(/,\n\s*/g, ', ')
        .replace(/\n\s*/g, '')
      assert.equal(critJsonOf(sample(name)), oneLine)
    }
  })

  test('critJsonOf ends a line of base64 after 76 characters, and the last one', () => {
    for (const [sizeBytes, lines] of [
      [0, []],
      [57, [76]],
      [58, [76, 4]],
      [114, [76, 76]],
      [200, [76, 76, 76, 40]],
    ] as const) {
      const mtext = new Uint8Array(sizeBytes).fill(0xfb)
      const json = critJsonOf(encodeIpcnsMsg([{ ...QUEUE, messages: [{ mtype: 1, mtext }] }]))
      const base64: string = JSON.parse(json).entries[0].extra[1]
      assert.deepEqual(
        Array.from(base64.matchAll(/([^\n]*)\n/g), ([, line = '']) => line.length),
        lines,
      )
      assert.deepEqual(Uint8Array.from(Buffer.from(base64, 'base64')), mtext)
    }
  })

  test('critJsonOf writes a file without queues, a queue without messages, and a type that is no safe integer', () => {
    assert.equal(critJsonOf(encodeIpcnsMsg([])), '{"magic": "IPCNS_MSG", "entries": []}')
    const desc = '"desc": {"key": 1, "uid": 2, "gid": 3, "cuid": 4, "cgid": 5, "mode": 384, "id": 6}, "qbytes": 7'
    assert.equal(
      critJsonOf(encodeIpcnsMsg([QUEUE])),
      `{"magic": "IPCNS_MSG", "entries": [{${desc}, "qnum": 0, "extra": []}]}`,
    )
    const long = { ...QUEUE, messages: [{ mtype: LONG_MAX, mtext: Uint8Array.of(0) }] }
    const extra = `"extra": [{"mtype": 9223372036854775807, "msize": 1}, "AA==\\n"]`
    assert.equal(
      critJsonOf(encodeIpcnsMsg([long])),
      `{"magic": "IPCNS_MSG", "entries": [{${desc}, "qnum": 1, ${extra}}]}`,
    )
  })

  test('critJsonOf writes the optional variables that are there, and leaves out the fields of a newer CRIU', () => {
    const { mqMsgDefault: _, ...few } = LINUX_IPC_VAR
    const json = critJsonOf(encodeIpcnsVar({ ...few, msgNextId: 5, unknown: Uint8Array.of(0x90, 1, 7) }))
    const [entry] = JSON.parse(json).entries
    assert.deepEqual(Object.keys(entry).slice(-3), ['mq_msgsize_max', 'mq_msgsize_default', 'msg_next_id'])
    assert.equal(entry.msg_next_id, 5)
    const newer = { ...QUEUE, unknown: Uint8Array.of(0x7d, 1, 2, 3, 4), unknownDesc: Uint8Array.of(0x42, 1, 0xaa) }
    assert.equal(critJsonOf(encodeIpcnsMsg([newer])), critJsonOf(encodeIpcnsMsg([QUEUE])))
  })

  test('critJsonOf refuses what is no file of CRIU, by the name that it was given', () => {
    assert.throws(() => critJsonOf(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 'some.img'), { file: 'some.img', offset: 0 })
    assert.throws(() => critJsonOf(sample('ipcns-msg-9').slice(0, -1), 'cut.img'), { file: 'cut.img' })
    assert.throws(() => critJsonOf(new Uint8Array(0)), { file: 'ipcns.img' })
  })
})

describe('critJsonAsImage', () => {
  test('critJsonAsImage makes the file again, byte for byte, of crit’s JSON on one line or on many', () => {
    for (const name of NAMES) {
      assert.deepEqual(critJsonAsImage(prettyJson(name)), sample(name))
      assert.deepEqual(critJsonAsImage(critJsonOf(sample(name))), sample(name))
    }
  })

  test('critJsonAsImage keeps numbers that JavaScript would round', () => {
    const types = [2n ** 53n + 1n, 2n ** 60n + 1n, LONG_MAX, 999_999_999_999_999]
    const queue = { ...QUEUE, messages: types.map((mtype) => ({ mtype, mtext: Uint8Array.of(1) })) }
    const [read] = decodeIpcnsMsg(critJsonAsImage(critJsonOf(encodeIpcnsMsg([queue]))))
    assert.deepEqual(
      [...(read?.messages ?? [])].map(({ mtype }) => mtype),
      types,
    )
    const variables = { ...LINUX_IPC_VAR, shmCtlmax: 2n ** 64n - 1n, shmCtlall: 2n ** 53n + 1n }
    assert.deepEqual(decodeIpcnsVar(critJsonAsImage(critJsonOf(encodeIpcnsVar(variables)))), variables)
    const compact = `{"magic":"IPCNS_MSG","entries":[${JSON.stringify(queueJson([{ mtype: 1, msize: 1 }, 'AA==']))}]}`
    const long = compact.replace('"mtype":1', '"mtype":9007199254740993')
    assert.equal([...(decodeIpcnsMsg(critJsonAsImage(long))[0]?.messages ?? [])][0]?.mtype, 2n ** 53n + 1n)
    const spaced = long.replace(':9007199254740993,', ' :  9007199254740993 ,')
    assert.deepEqual(critJsonAsImage(spaced), critJsonAsImage(long))
  })

  test('critJsonAsImage takes each number up to its ends', () => {
    const UINT_MAX = 2 ** 32 - 1
    const most = { key: UINT_MAX, uid: UINT_MAX, gid: UINT_MAX, cuid: UINT_MAX, cgid: UINT_MAX }
    const json = (change: object, desc: object) => JSON.stringify(messages(queueJson([], change, desc)))
    const [read] = decodeIpcnsMsg(
      critJsonAsImage(json({ qbytes: UINT_MAX }, { ...most, mode: 0o777, id: 2 ** 31 - 1 })),
    )
    const { messages: _, ...rest } = read ?? QUEUE
    assert.deepEqual(rest, { ...most, mode: 0o777, id: 2 ** 31 - 1, qbytes: UINT_MAX })
    const zeros = { key: 0, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0, id: 0 }
    assert.equal(decodeIpcnsMsg(critJsonAsImage(json({ qbytes: 0 }, zeros)))[0]?.id, 0)
    for (const name of Object.keys(zeros)) {
      const above = name === 'mode' ? 0o1000 : name === 'id' ? 2 ** 31 : 2 ** 32
      for (const value of [-1, above, 0.5, '1', undefined]) {
        const wrong = { name: 'ImageError', message: new RegExp(`entries\\[0\\]\\.desc\\.${name} `) }
        assert.throws(() => critJsonAsImage(json({}, { [name]: value })), wrong, `${name} ${value}`)
      }
    }
    for (const qbytes of [-1, 2 ** 32, undefined]) {
      assert.throws(() => critJsonAsImage(json({ qbytes }, {})), /entries\[0\]\.qbytes /)
    }
  })

  test('critJsonAsImage refuses what is not crit’s, and says what and where', () => {
    const good = { mtype: 1, msize: 1 }
    const one = (header: unknown, base64: unknown) => messages(queueJson([header, base64]))
    const cases: readonly (readonly [value: unknown, message: RegExp])[] = [
      [[], /expected the file to be an object/],
      [{ magic: 'IPCNS_MSG' }, /entries to be an array/],
      [{ entries: [] }, /magic to be a string like/],
      [{ magic: 'IPCNS_SEM', entries: [] }, /found "IPCNS_SEM"/],
      [{ magic: 'xIPCNS_MSG', entries: [] }, /found "xIPCNS_MSG"/],
      [{ magic: 'IPC_VARx', entries: [] }, /found "IPC_VARx"/],
      [{ magic: 'IPC_VAR', entries: [] }, /the file\.entries to be one entry/],
      [{ magic: 'IPC_VAR', entries: [{}, {}] }, /the file\.entries to be one entry/],
      [{ magic: 'IPC_VAR', entries: [{}] }, /entries\[0\]\.sem_ctls/],
      [messages(queueJson(), 5), /entries\[1\] to be an object, found 5/],
      [messages(queueJson(), queueJson()), /each queue once, found 6/],
      [messages(queueJson([], { desc: 5 })), /desc to be an object, found 5/],
      [messages(queueJson([], { extra: 5 })), /entries\[0\]\.extra to be an array/],
      [messages(queueJson([], { qnum: 1 })), /entries\[0\]\.extra to have 1 messages, found 0/],
      [messages(queueJson([good, 'AA==', good, 'AA=='], { qnum: 1 })), /extra to have 1 messages, found 2/],
      [messages(queueJson([], { qnum: -1 })), /entries\[0\]\.qnum /],
      [messages(queueJson([5, 'AA=='])), /extra\[0\] to be an object, found 5/],
      [one({ ...good, mtype: 0 }, 'AA=='), /entries\[0\]\.extra\[0\]\.mtype to be a type from 1/],
      [one({ ...good, mtype: -5 }, 'AA=='), /mtype to be a type from 1/],
      [one({ ...good, mtype: '9223372036854775808' }, 'AA=='), /extra\[0\]\.mtype/],
      [one(good, 5), /entries\[0\]\.extra\[1\] to be base64, found 5/],
      [one(good, 'AA='), /extra\[1\] to be base64, found "AA="/],
      [one({ ...good, msize: 2 }, 'AA=='), /extra\[0\]\.msize to be 1, as its bytes, found 2/],
      [one({ mtype: 1 }, 'AA=='), /extra\[0\]\.msize /],
      [messages(queueJson([good, 'AA==', { ...good, mtype: 0 }, 'AA=='])), /extra\[2\]\.mtype/],
      [messages(queueJson([good, 'AA==', good, '!'])), /extra\[3\] to be base64/],
    ]
    for (const [value, message] of cases) {
      const wrong = { name: 'ImageError', file: 'crit.json', offset: 0, message }
      assert.throws(() => critJsonAsImage(JSON.stringify(value)), wrong, JSON.stringify(value))
    }
    critJsonAsImage(JSON.stringify(one(good, 'AA==')))
    critJsonAsImage(JSON.stringify(one(good, '\nA\nA==\n')))
    assert.throws(() => critJsonAsImage('[]', 'mine.json'), { file: 'mine.json' })
  })

  test('critJsonAsImage says where text stops being JSON', () => {
    const refused = (text: string, offset?: number) => {
      assert.throws(
        () => critJsonAsImage(text, 'mine.json'),
        (error) => {
          assert.ok(error instanceof ImageError)
          const { file, expected, cause } = error
          assert.deepEqual(
            [file, error.offset, expected, cause instanceof SyntaxError],
            ['mine.json', offset, "crit's JSON", true],
          )
          return true
        },
      )
    }
    refused('{"magic" 1}', 9)
    refused('{"magic": 1} and more', 13)
    // Node does not tell the place of these.
    refused('{"magic": IPC')
    refused('')
    refused('{"a": 1234567890123456789, "b" 1}', 31)
  })
})
