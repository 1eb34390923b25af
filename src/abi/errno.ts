/**
 * The errno values that these calls return. Node's own table lacks ENOMSG and EIDRM.
 * Source: include/uapi/asm-generic/errno-base.h, errno.h.
 */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EEXIST: 17,
  EINVAL: 22,
  ENOSPC: 28,
  ENOSYS: 38,
  ENOMSG: 42,
  EIDRM: 43,
} as const

export type ErrnoName = keyof typeof ERRNO

const names = new Map<number, ErrnoName>(
  (Object.keys(ERRNO) as ErrnoName[]).map((name): [number, ErrnoName] => [ERRNO[name], name]),
)

/** The name of a positive errno, or `undefined` when these calls never return it. */
export function errnoName(errno: number): ErrnoName | undefined {
  return names.get(errno)
}

/** What each errno says, as strerror(3) has it. */
export const ERRNO_MESSAGE: Readonly<Record<ErrnoName, string>> = {
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or directory',
  EINTR: 'interrupted system call',
  E2BIG: 'argument list too long',
  EAGAIN: 'resource temporarily unavailable',
  ENOMEM: 'cannot allocate memory',
  EACCES: 'permission denied',
  EFAULT: 'bad address',
  EEXIST: 'file exists',
  EINVAL: 'invalid argument',
  ENOSPC: 'no space left on device',
  ENOSYS: 'function not implemented',
  ENOMSG: 'no message of desired type',
  EIDRM: 'identifier removed',
}
