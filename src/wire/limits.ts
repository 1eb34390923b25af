/**
 * Most payload bytes of one message that frames and records carry: 8192 times Linux's default msgmax. The engine goes
 * to 2^31-1; but both sides of a socket have each message in memory, whole, for each connection that sends one. A longer
 * message is ENOMEM, as for a kernel that finds no memory for it. Source: ipc/msgutil.c, alloc_msg().
 */
export const MESSAGE_BYTES_MAX: number = 2 ** 26

/** Room for what stands beside a payload: the most is a caller in 65536 groups (NGROUPS_MAX), of 5 bytes each. */
const BESIDE_MESSAGE_BYTES = 2 ** 20

/** Most bytes of a frame, its length not counted. What can be longer, a whole checkpoint, goes in parts. */
export const FRAME_BYTES_MAX: number = MESSAGE_BYTES_MAX + BESIDE_MESSAGE_BYTES

/** Most bytes of an entry: what a frame says, with the ticket, the time and the caller that the server adds. */
export const ENTRY_BYTES_MAX: number = FRAME_BYTES_MAX + BESIDE_MESSAGE_BYTES

/** Most bytes of a client's first frame: it may be anybody's who can reach the socket. */
export const HELLO_BYTES_MAX = 1024

/** Bytes of one part of what goes in parts, about: other answers find their way between, and no frame comes near its limit. */
export const PART_BYTES = 262_144

/** Most bytes of one piece of a state. It is cut anywhere, so that a long message makes no longer piece. */
export const STATE_PIECE_BYTES_MAX: number = 2 ** 20
