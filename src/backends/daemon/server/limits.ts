/** Connections at a time: as many programs as use one machine's queues, each a descriptor and some kilobytes. */
export const CONNECTIONS_MAX = 1024

/** Calls and requests of one connection that are not answered yet, waiting ones included. */
export const UNANSWERED_MAX = 16_384

/**
 * Frames of one connection that are taken before others have their turn, and before what was answered is written: the
 * client goes on with the first answers while the others are made.
 */
export const FRAMES_A_TURN = 32

/** A client that has not said hello after so long is let go. */
export const HELLO_TIMEOUT_MS = 10_000

/** A frame that has begun must be whole after so long: the largest at 2 MiB a second. */
export const FRAME_TIMEOUT_MS = 30_000

/** Bytes of frames that have begun and are not whole, of all connections together. */
export const UNFINISHED_BYTES_MAX: number = 256 * 2 ** 20

/** An answer that nobody waits for goes with the next one, or by itself after so long; so is an accept done that came alone. */
export const LATE_MS = 1

/** Looks back that are under way or wait: they are made one after the other, for each has the whole namespace in memory once more. */
export const LOOKS_BACK_MAX = 16

/** With so many bytes that it has not read, nothing more is read of a client. */
export const UNREAD_PAUSE_BYTES: number = 2 ** 20

/** With so many bytes that it has not read, a client is let go: answers to its waiting calls come without its doing. */
export const UNREAD_BYTES_MAX: number = 128 * 2 ** 20

/** How long the session of a client that is gone waits for it: longer than a client tries to come back. */
export const SESSION_GRACE_MS = 60_000
