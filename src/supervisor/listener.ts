import { ERRNO } from '../abi/index.ts'
import {
  POLLFD_BYTES,
  POLLIN,
  SECCOMP_ADDFD_FLAG_SEND,
  SECCOMP_IOCTL_NOTIF_ADDFD,
  SECCOMP_IOCTL_NOTIF_ID_VALID,
  SECCOMP_IOCTL_NOTIF_RECV,
  SECCOMP_IOCTL_NOTIF_SEND,
  SECCOMP_IOCTL_NOTIF_SET_FLAGS,
  SECCOMP_NOTIF_ADDFD_BYTES,
  SECCOMP_NOTIF_BYTES,
  SECCOMP_NOTIF_RESP_BYTES,
  SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP,
  SECCOMP_USER_NOTIF_FLAG_CONTINUE,
  type SupervisionCalls,
  supervisionCalls,
  type Watch,
} from '../linux/index.ts'
import type { Machine } from './machines.ts'
import { type Trapped, TrappedReader } from './trapped-call.ts'

/** Room in memory that keeps its address, and a view of it. */
class Struct {
  /** Its bytes, four at a time: V8 keeps what is signed in fewer of them. A number above 32 bits is cut as C cuts it. */
  readonly words: Int32Array
  readonly view: DataView
  readonly address: number

  constructor(calls: SupervisionCalls, length: number) {
    this.words = new Int32Array(new ArrayBuffer(length))
    this.view = new DataView(this.words.buffer)
    this.address = calls.addressOf(new Uint8Array(this.words.buffer))
  }
}

/** The supervisor's end of a filter: trapped calls come, answers go. @see seccomp_unotify(2) */
export class Listener implements Disposable {
  readonly #calls: SupervisionCalls = supervisionCalls()
  readonly #fd: number
  readonly #reader: TrappedReader
  readonly #notification = new Struct(this.#calls, SECCOMP_NOTIF_BYTES)
  readonly #response = new Struct(this.#calls, SECCOMP_NOTIF_RESP_BYTES)
  readonly #addition = new Struct(this.#calls, SECCOMP_NOTIF_ADDFD_BYTES)
  readonly #pollfd = new Struct(this.#calls, POLLFD_BYTES)
  #watch: Watch | undefined

  constructor(fd: number, machines: readonly Machine[]) {
    this.#fd = fd
    this.#reader = new TrappedReader(this.#notification.view, machines)
    this.#pollfd.view.setInt32(0, fd, true)
    this.#pollfd.view.setInt16(4, POLLIN, true)
    // Wakes the other side on this processor: a kernel before 6.6 has no such flag, and does as well without.
    this.#calls.ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
  }

  /** Calls `ready` while a call is there to be received, and when the last program is gone. */
  watch(ready: () => void): void {
    this.#watch = this.#calls.watch(this.#fd, ready)
  }

  /** Whether a call is there, or nobody is left to make one. */
  look(): 'call' | 'none' | 'over' {
    if (this.#calls.poll(this.#pollfd.address, 1, 0) < 1) return 'none'
    return this.#pollfd.view.getInt16(6, true) & POLLIN ? 'call' : 'over'
  }

  /**
   * Takes the next call. Blocks until there is one, unless `look` saw it: then it does not, gone or not.
   *
   * @returns `undefined`: the program is gone meanwhile, or a signal came.
   */
  receive(): Trapped | undefined {
    const { words, address } = this.#notification
    // The kernel refuses a struct that has anything in it. A loop is faster than `fill` for so few.
    for (let index = 0; index < words.length; index++) words[index] = 0
    if (this.#calls.ioctl(this.#fd, SECCOMP_IOCTL_NOTIF_RECV, address) !== 0) return undefined
    return this.#reader.read()
  }

  /** Whether the call still waits for its answer: else its program is gone, and its number may be another's. */
  isWaiting({ idLow, idHigh }: Trapped): boolean {
    const { words, address } = this.#response
    words[0] = idLow
    words[1] = idHigh
    return this.#ask(SECCOMP_IOCTL_NOTIF_ID_VALID, address) === 0
  }

  /** Lets the call return a value, 0 or more. @returns Whether the program has it: it may be gone. */
  answer(trapped: Trapped, value: number): boolean {
    return this.#send(trapped, value, 0, 0)
  }

  /** Lets the call fail. @param errno above 0. */
  refuse(trapped: Trapped, errno: number): boolean {
    return this.#send(trapped, 0, -errno, 0)
  }

  /** Has the kernel carry the call out. */
  pass(trapped: Trapped): boolean {
    return this.#send(trapped, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE)
  }

  /** Lets the call return a new descriptor of the program's, of what `fd` is here. @param flags O_CLOEXEC or 0. */
  answerWithFile({ idLow, idHigh }: Trapped, fd: number, flags: number): boolean {
    const { words, address } = this.#addition
    words[0] = idLow
    words[1] = idHigh
    words[2] = SECCOMP_ADDFD_FLAG_SEND
    words[3] = fd
    words[4] = 0
    words[5] = flags
    return this.#ask(SECCOMP_IOCTL_NOTIF_ADDFD, address) >= 0
  }

  [Symbol.dispose](): void {
    this.#watch?.close()
    this.#calls.close(this.#fd)
  }

  #send({ idLow, idHigh }: Trapped, value: number, error: number, flags: number): boolean {
    const { words, address } = this.#response
    words[0] = idLow
    words[1] = idHigh
    words[2] = value
    words[3] = value / 2 ** 32
    words[4] = error
    words[5] = flags
    return this.#ask(SECCOMP_IOCTL_NOTIF_SEND, address) === 0
  }

  /** The metronome's signal may come while the filter is in use by a call that begins: nothing was done then. */
  #ask(request: number, address: number): number {
    for (;;) {
      const answer = this.#calls.ioctl(this.#fd, request, address)
      if (answer !== -1 || this.#calls.errno() !== ERRNO.EINTR) return answer
    }
  }
}
