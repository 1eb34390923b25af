/**
 * Connections at a time: each is a descriptor and some kilobytes. A process may have as many descriptors as its hard limit
 * says, to which Node raises it; beyond that the kernel refuses first.
 */
export const CONNECTIONS_MAX = 16_384

/** Sessions at a time: those of clients that are gone wait for them, the ones that began first no longer than until here. */
export const SESSIONS_MAX: number = 4 * CONNECTIONS_MAX

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

/**
 * Turns of the event loop that a poll after an answer lasts at most: each takes a microsecond, and a program that makes call
 * after call is back after some fifteen.
 */
export const BUSY_POLL_TURNS = 40

/** Looks back that are under way or wait: they are made one after the other, for each has the whole namespace in memory once more. */
export const LOOKS_BACK_MAX = 16

/** With so many bytes that it has not read, nothing more is read of a client. */
export const UNREAD_PAUSE_BYTES: number = 2 ** 20

/** With so many bytes that it has not read, a client is let go: answers to its waiting calls come without its doing. */
export const UNREAD_BYTES_MAX: number = 128 * 2 ** 20

/**
 * With so many bytes that all clients together have not read, one that has more than its share of them is let go: it
 * comes back and asks again. Each alone, at the limits above, would be of no use against a thousand.
 */
export const UNREAD_OF_ALL_BYTES_MAX: number = 512 * 2 ** 20

/** What each of CONNECTIONS_MAX may have of them in any case. */
export const UNREAD_SHARE_BYTES: number = UNREAD_OF_ALL_BYTES_MAX / CONNECTIONS_MAX

/** How long the session of a client that is gone waits for it: longer than a client tries to come back. */
export const SESSION_GRACE_MS = 60_000
