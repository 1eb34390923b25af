import { type Long, readLong, writeLong } from './long.ts'

/** `struct ipc_perm`: whose a queue is, and who may use it. */
export interface IpcPerm {
  /** The key it was made with, as a signed 32-bit integer; 0 for IPC_PRIVATE. */
  readonly key: number
  /** Owner: set by IPC_SET. */
  readonly uid: number
  readonly gid: number
  /** Creator: never changes. */
  readonly cuid: number
  readonly cgid: number
  /** The nine permission bits. */
  readonly mode: number
  /** The identifier's sequence number. */
  readonly seq: number
}

/** `struct msqid_ds`: a queue, as IPC_STAT tells it. Times are whole seconds since 1970; 0 means never. */
export interface MsqidDs {
  readonly perm: IpcPerm
  /** Last msgsnd. */
  readonly stime: number
  /** Last msgrcv that took a message. */
  readonly rtime: number
  /** Creation or last IPC_SET. */
  readonly ctime: number
  /** Payload bytes on the queue. */
  readonly cbytes: number
  /** Messages on the queue. */
  readonly qnum: number
  /** Most payload bytes, and most messages, that the queue admits. Exact up to 2^53. */
  readonly qbytes: number
  /** Process that sent last, that received last; 0 means none. */
  readonly lspid: number
  readonly lrpid: number
  /** The copy counter, in a namespace that has one (`msgCopy: 'counter'`); the kernel has none. */
  readonly copyCounter?: number
}

/** What IPC_SET takes of a `MsqidDs`; the rest of one is ignored. */
export interface MsqidSettings {
  readonly perm: Pick<IpcPerm, 'uid' | 'gid' | 'mode'>
  readonly qbytes: number
}

/** `struct msginfo`: limits (IPC_INFO), or what is in use (MSG_INFO: `pool` queues, `map` messages, `tql` bytes). */
export interface MsgInfo {
  readonly pool: number
  readonly map: number
  readonly max: number
  readonly mnb: number
  readonly mni: number
  readonly ssz: number
  readonly tql: number
  readonly seg: number
}

/** `struct msgbuf`: a message as a program hands it over. */
export interface Msgbuf {
  /** 1 to 2^63-1: a bigint where a number would not be exact. */
  readonly mtype: Long
  readonly mtext: Uint8Array
}

/** Bytes of `struct msqid_ds` on 64-bit Linux. Source: include/uapi/asm-generic/msgbuf.h, ipcbuf.h. */
export const MSQID_DS_BYTES = 120
/** Bytes of `struct msginfo`. */
export const MSGINFO_BYTES = 32

/** Reads a `struct msqid_ds` of 64-bit Linux. */
export function readMsqidDs(bytes: Uint8Array): MsqidDs {
  const view = new DataView(bytes.buffer, bytes.byteOffset, MSQID_DS_BYTES)
  const count = (offset: number) => Number(view.getBigUint64(offset, true))
  return {
    perm: {
      key: view.getInt32(0, true),
      uid: view.getUint32(4, true),
      gid: view.getUint32(8, true),
      cuid: view.getUint32(12, true),
      cgid: view.getUint32(16, true),
      mode: view.getUint32(20, true),
      seq: view.getUint16(24, true),
    },
    stime: Number(readLong(view, 48)),
    rtime: Number(readLong(view, 56)),
    ctime: Number(readLong(view, 64)),
    cbytes: count(72),
    qnum: count(80),
    qbytes: count(88),
    lspid: view.getInt32(96, true),
    lrpid: view.getInt32(100, true),
  }
}

/** Writes what IPC_SET reads of a `struct msqid_ds` of 64-bit Linux. */
export function writeMsqidSettings(settings: MsqidSettings): Uint8Array {
  const bytes = new Uint8Array(MSQID_DS_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, settings.perm.uid, true)
  view.setUint32(8, settings.perm.gid, true)
  view.setUint32(20, settings.perm.mode, true)
  writeLong(view, 88, settings.qbytes)
  return bytes
}

/** Reads a `struct msginfo`. */
export function readMsgInfo(bytes: Uint8Array): MsgInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, MSGINFO_BYTES)
  const int = (offset: number) => view.getInt32(offset, true)
  return {
    pool: int(0),
    map: int(4),
    max: int(8),
    mnb: int(12),
    mni: int(16),
    ssz: int(20),
    tql: int(24),
    seg: view.getUint16(28, true),
  }
}

/** Writes a `struct msqid_ds` of 64-bit Linux, as msgctl fills it in. */
export function writeMsqidDs(stat: MsqidDs): Uint8Array {
  const bytes = new Uint8Array(MSQID_DS_BYTES)
  const view = new DataView(bytes.buffer)
  writePerm(view, stat.perm)
  writeLong(view, 48, stat.stime)
  writeLong(view, 56, stat.rtime)
  writeLong(view, 64, stat.ctime)
  writeLong(view, 72, stat.cbytes)
  writeLong(view, 80, stat.qnum)
  writeLong(view, 88, stat.qbytes)
  view.setInt32(96, stat.lspid, true)
  view.setInt32(100, stat.lrpid, true)
  return bytes
}

/** Writes a `struct ipc64_perm`. A mode has 16 bits or 32, by the machine; its nine are in the lower half. */
export function writePerm(view: DataView, perm: IpcPerm): void {
  view.setInt32(0, perm.key, true)
  view.setUint32(4, perm.uid, true)
  view.setUint32(8, perm.gid, true)
  view.setUint32(12, perm.cuid, true)
  view.setUint32(16, perm.cgid, true)
  view.setUint16(20, perm.mode, true)
  view.setUint16(24, perm.seq, true)
}

/** Reads what IPC_SET takes of a `struct msqid_ds` of 64-bit Linux. */
export function readMsqidSettings(bytes: Uint8Array): MsqidSettings {
  const { perm, qbytes } = readMsqidDs(bytes)
  return { perm, qbytes }
}

/** Writes a `struct msginfo`. */
export function writeMsgInfo(info: MsgInfo): Uint8Array {
  const bytes = new Uint8Array(MSGINFO_BYTES)
  const view = new DataView(bytes.buffer)
  const ints = [info.pool, info.map, info.max, info.mnb, info.mni, info.ssz, info.tql]
  for (const [index, value] of ints.entries()) view.setInt32(4 * index, value, true)
  view.setUint16(28, info.seg, true)
  return bytes
}
