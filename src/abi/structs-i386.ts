import { type MsqidDs, type MsqidSettings, writePerm } from './structs.ts'

/**
 * The same structs as a program of 32 bits has them on i386: longs and times in two halves, counts of 32 bits.
 * Source: arch/x86/include/asm/compat.h, include/linux/compat.h, `struct compat_ipc64_perm`, `compat_msqid64_ds`.
 */

/** Bytes of `struct msqid64_ds` on i386. */
export const MSQID_DS_I386_BYTES = 88

/** Writes a `struct msqid64_ds` of i386; what does not fit into 32 bits is cut, as the kernel does. */
export function writeMsqidDsI386(stat: MsqidDs): Uint8Array {
  const bytes = new Uint8Array(MSQID_DS_I386_BYTES)
  const view = new DataView(bytes.buffer)
  writePerm(view, stat.perm)
  for (const [index, time] of [stat.stime, stat.rtime, stat.ctime].entries()) {
    view.setUint32(36 + 8 * index, time % 2 ** 32, true)
    view.setUint32(40 + 8 * index, Math.floor(time / 2 ** 32), true)
  }
  view.setUint32(60, stat.cbytes % 2 ** 32, true)
  view.setUint32(64, stat.qnum % 2 ** 32, true)
  view.setUint32(68, stat.qbytes % 2 ** 32, true)
  view.setInt32(72, stat.lspid, true)
  view.setInt32(76, stat.lrpid, true)
  return bytes
}

/** Reads what IPC_SET takes of a `struct msqid64_ds` of i386. */
export function readMsqidSettingsI386(bytes: Uint8Array): MsqidSettings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, MSQID_DS_I386_BYTES)
  return {
    perm: { uid: view.getUint32(4, true), gid: view.getUint32(8, true), mode: view.getUint16(20, true) },
    qbytes: view.getUint32(68, true),
  }
}

/** Bytes of `struct msqid_ds` on i386 as it was before Linux 2.4. */
export const MSQID_DS_OLD_BYTES = 56
/** What a user of more than 16 bits is called there. Source: kernel/sys.c, DEFAULT_OVERFLOWUID. */
const OVERFLOW_ID = 65_534

/** Writes a `struct msqid_ds` of before Linux 2.4: counts and users of 16 bits. Source: `struct compat_msqid_ds`. */
export function writeMsqidDsOld({ perm, ...stat }: MsqidDs): Uint8Array {
  const bytes = new Uint8Array(MSQID_DS_OLD_BYTES)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, perm.key, true)
  for (const [index, id] of [perm.uid, perm.gid, perm.cuid, perm.cgid].entries()) {
    view.setUint16(4 + 2 * index, id > 0xffff ? OVERFLOW_ID : id, true)
  }
  view.setUint16(12, perm.mode, true)
  view.setUint16(14, perm.seq, true)
  for (const [index, time] of [stat.stime, stat.rtime, stat.ctime].entries()) {
    view.setUint32(24 + 4 * index, time % 2 ** 32, true)
  }
  for (const [index, count] of [stat.cbytes, stat.qnum, stat.qbytes, stat.lspid, stat.lrpid].entries()) {
    view.setUint16(44 + 2 * index, count % 2 ** 16, true)
  }
  return bytes
}

/** Reads what IPC_SET takes of a `struct msqid_ds` of before Linux 2.4. */
export function readMsqidSettingsOld(bytes: Uint8Array): MsqidSettings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, MSQID_DS_OLD_BYTES)
  return {
    perm: { uid: view.getUint16(4, true), gid: view.getUint16(6, true), mode: view.getUint16(12, true) },
    qbytes: view.getUint16(48, true),
  }
}
