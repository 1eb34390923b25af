/** What the command's exit status says. `timeout(1)` and the shells gave 124, 130 and 143 their meaning, sysexits.h 70. */
export const EXIT = {
  done: 0,
  /** The queue said no: the errno is printed. */
  refused: 1,
  usage: 2,
  /** The namespace, or the image, could not be reached or read. */
  outOfReach: 3,
  /** msgq itself is wrong. */
  fault: 70,
  timedOut: 124,
  /** `run`: the program may not be executed, or not so. As the shells have it. */
  notExecuted: 126,
  /** `run`: there is no such program. */
  notFound: 127,
  /** 128 + SIGINT. */
  interrupted: 130,
  /** 128 + SIGTERM. */
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
