/** Linux's constants for System V message queues. Source: include/uapi/linux/ipc.h, msg.h, capability.h. */

/** The key that never names an existing queue: each msgget with it makes a new one. */
export const IPC_PRIVATE = 0

/** msgget: make the queue when its key names none. */
export const IPC_CREAT = 0o1000
/** msgget, with `IPC_CREAT`: EEXIST when the key names a queue already. */
export const IPC_EXCL = 0o2000
/** msgsnd, msgrcv: fail instead of waiting. */
export const IPC_NOWAIT = 0o4000

/** msgrcv: cut a message that is longer than msgsz instead of failing with E2BIG. */
export const MSG_NOERROR = 0o10000
/** msgrcv, with msgtyp above 0: the oldest message of any other type. */
export const MSG_EXCEPT = 0o20000
/** msgrcv: copy a message instead of taking it. */
export const MSG_COPY = 0o40000

/** msgctl commands. */
export const IPC_RMID = 0
export const IPC_SET = 1
export const IPC_STAT = 2
export const IPC_INFO = 3
export const MSG_STAT = 11
export const MSG_INFO = 12
export const MSG_STAT_ANY = 13

/** Permission bits as ipcperms() takes them: any class may ask. */
export const S_IRUGO = 0o444
export const S_IWUGO = 0o222
/** All nine permission bits: what msgget and IPC_SET keep of a mode. */
export const S_IRWXUGO = 0o777

/** Defaults of a new IPC namespace. Source: include/uapi/linux/msg.h. */
export const MSGMAX = 8192
export const MSGMNB = 16384
export const MSGMNI = 32000

/** Most queues that one namespace can hold: an index has 15 bits. Source: ipc/util.h. */
export const IPCMNI = 32768
/** An identifier is `sequence << IPCMNI_SHIFT | index`. */
export const IPCMNI_SHIFT = 15
/** Sequence numbers go from 0 to one below this. Source: ipc/util.h, ipcid_seq_max(). */
export const IPCID_SEQ_MAX = 65535
/** Indexes are handed out cyclically over at least this many. Source: ipc/util.h, ipc_min_cycle. */
export const IPC_MIN_CYCLE = 64

/** What IPC_INFO reports and no code obeys. Source: include/uapi/linux/msg.h. */
export const MSGPOOL = 512_000
export const MSGMAP = 16_384
export const MSGTQL = 16_384
export const MSGSSZ = 16
export const MSGSEG = 65_535

export const INT_MAX = 0x7fff_ffff
export const INT_MIN = -0x8000_0000
export const UINT_MAX = 0xffff_ffff

/** The Linux capabilities that these calls ask for. */
export type Capability = 'CAP_IPC_OWNER' | 'CAP_SYS_ADMIN' | 'CAP_SYS_RESOURCE' | 'CAP_CHECKPOINT_RESTORE'

/** Bit number of each capability in `CapEff` of /proc/PID/status. Source: include/uapi/linux/capability.h. */
export const CAPABILITY_BIT: Readonly<Record<Capability, number>> = {
  CAP_IPC_OWNER: 15,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_CHECKPOINT_RESTORE: 40,
}

/** Every capability that these calls ask for. */
export const ALL_CAPABILITIES: readonly Capability[] = [
  'CAP_IPC_OWNER',
  'CAP_SYS_ADMIN',
  'CAP_SYS_RESOURCE',
  'CAP_CHECKPOINT_RESTORE',
]
