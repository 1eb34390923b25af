import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  MSGINFO_BYTES,
  MSQID_DS_BYTES,
  MSQID_DS_I386_BYTES,
  MSQID_DS_OLD_BYTES,
  type MsqidDs,
  readMsgInfo,
  readMsqidDs,
  readMsqidSettings,
  readMsqidSettingsI386,
  readMsqidSettingsOld,
  writeMsgInfo,
  writeMsqidDs,
  writeMsqidDsI386,
  writeMsqidDsOld,
  writeMsqidSettings,
} from './index.ts'

/** Every field another value, each longer than 16 bits where it may be. */
const STAT: MsqidDs = {
  perm: { key: -2, uid: 0x10001, gid: 0x10002, cuid: 3, cgid: 0x10004, mode: 0o640, seq: 0x7ff5 },
  stime: 2 ** 32 + 6,
  rtime: 2 ** 33 + 7,
  ctime: 8,
  cbytes: 2 ** 32 + 0x10009,
  qnum: 0x1000a,
  qbytes: 2 ** 32 + 0x1000b,
  lspid: 0x1000c,
  lrpid: 0x1000d,
}

const SETTINGS = { perm: { uid: 0x10001, gid: 0x10002, mode: 0o640 }, qbytes: 2 ** 32 + 0x1000b }

/** Bytes that were not the struct's own, before and after it. */
function within(bytes: Uint8Array): Uint8Array {
  const around = new Uint8Array(bytes.length + 32).fill(0xee)
  around.set(bytes, 16)
  return around.subarray(16, 16 + bytes.length)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Little-endian fields at their offsets. */
function laidOut(
  sizeBytes: number,
  fields: readonly (readonly [offset: number, bytes: number, value: number])[],
): string {
  const bytes = Buffer.alloc(sizeBytes)
  for (const [offset, length, value] of fields) {
    const whole = BigInt.asUintN(8 * length, BigInt(value))
    for (let index = 0; index < length; index++) bytes[offset + index] = Number((whole >> BigInt(8 * index)) & 0xffn)
  }
  return hex(bytes)
}

test('writeMsqidDs lays a struct out as 64-bit Linux has it, and readMsqidDs reads it', () => {
  // Source: include/uapi/asm-generic/ipcbuf.h, msgbuf.h.
  const expected = laidOut(MSQID_DS_BYTES, [
    ...([
      [0, 4, -2],
      [4, 4, 0x10001],
      [8, 4, 0x10002],
      [12, 4, 3],
      [16, 4, 0x10004],
      [20, 4, 0o640],
    ] as const),
    ...([
      [24, 2, 0x7ff5],
      [48, 8, STAT.stime],
      [56, 8, STAT.rtime],
      [64, 8, 8],
      [72, 8, STAT.cbytes],
    ] as const),
    ...([
      [80, 8, 0x1000a],
      [88, 8, STAT.qbytes],
      [96, 4, 0x1000c],
      [100, 4, 0x1000d],
    ] as const),
  ])
  assert.equal(hex(writeMsqidDs(STAT)), expected)
  assert.deepEqual(readMsqidDs(within(writeMsqidDs(STAT))), STAT)
  const { perm, qbytes } = readMsqidSettings(within(writeMsqidDs(STAT)))
  assert.deepEqual({ perm, qbytes }, { perm: STAT.perm, qbytes: STAT.qbytes })
})

test('writeMsqidSettings lays out what IPC_SET reads, and nothing else', () => {
  const expected = laidOut(MSQID_DS_BYTES, [
    [4, 4, 0x10001],
    [8, 4, 0x10002],
    [20, 4, 0o640],
    [88, 8, SETTINGS.qbytes],
  ])
  assert.equal(hex(writeMsqidSettings(SETTINGS)), expected)
})

test('writeMsgInfo and readMsgInfo agree on struct msginfo', () => {
  const info = { pool: 1, map: -2, max: 0x10003, mnb: 4, mni: 5, ssz: 6, tql: 7, seg: 0xfff8 }
  const expected = laidOut(MSGINFO_BYTES, [
    ...([
      [0, 4, 1],
      [4, 4, -2],
      [8, 4, 0x10003],
      [12, 4, 4],
      [16, 4, 5],
      [20, 4, 6],
      [24, 4, 7],
    ] as const),
    [28, 2, 0xfff8],
  ])
  assert.equal(hex(writeMsgInfo(info)), expected)
  assert.deepEqual(readMsgInfo(within(writeMsgInfo(info))), info)
})

test('writeMsqidDsI386 has times in two halves and counts cut to 32 bits', () => {
  // Source: arch/x86/include/asm/compat.h, struct compat_msqid64_ds.
  const expected = laidOut(MSQID_DS_I386_BYTES, [
    ...([
      [0, 4, -2],
      [4, 4, 0x10001],
      [8, 4, 0x10002],
      [12, 4, 3],
      [16, 4, 0x10004],
      [20, 2, 0o640],
    ] as const),
    ...([
      [24, 2, 0x7ff5],
      [36, 8, STAT.stime],
      [44, 8, STAT.rtime],
      [52, 8, 8],
      [60, 4, 0x10009],
    ] as const),
    ...([
      [64, 4, 0x1000a],
      [68, 4, 0x1000b],
      [72, 4, 0x1000c],
      [76, 4, 0x1000d],
    ] as const),
  ])
  assert.equal(hex(writeMsqidDsI386(STAT)), expected)
  const settings = readMsqidSettingsI386(within(writeMsqidDsI386(STAT)))
  assert.deepEqual(settings, { ...SETTINGS, qbytes: 0x1000b })
})

test('writeMsqidDsOld calls a user of more than 16 bits the overflow user, and cuts counts', () => {
  // Source: include/linux/compat.h, struct compat_msqid_ds; SET_UID() in include/linux/highuid.h.
  const perm = { ...STAT.perm, cuid: 0xffff, cgid: 0x10000 }
  const expected = laidOut(MSQID_DS_OLD_BYTES, [
    ...([
      [0, 4, -2],
      [4, 2, 65_534],
      [6, 2, 65_534],
      [8, 2, 0xffff],
      [10, 2, 65_534],
      [12, 2, 0o640],
    ] as const),
    ...([
      [14, 2, 0x7ff5],
      [24, 4, 6],
      [28, 4, 7],
      [32, 4, 8],
      [44, 2, 9],
      [46, 2, 0xa],
      [48, 2, 0xb],
    ] as const),
    ...([
      [50, 2, 0xc],
      [52, 2, 0xd],
    ] as const),
  ])
  assert.equal(hex(writeMsqidDsOld({ ...STAT, perm })), expected)
  const settings = readMsqidSettingsOld(within(writeMsqidDsOld({ ...STAT, perm: { ...perm, gid: 9 } })))
  assert.deepEqual(settings, { perm: { uid: 65_534, gid: 9, mode: 0o640 }, qbytes: 0xb })
})

test('struct sizes are those that the kernel copies', () => {
  assert.deepEqual([MSQID_DS_BYTES, MSGINFO_BYTES, MSQID_DS_I386_BYTES, MSQID_DS_OLD_BYTES], [120, 32, 88, 56])
})
