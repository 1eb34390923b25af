/** A kernel that lacks something, as a seccomp filter makes one: a system call of a program, and of its children, fails. */

/** Which call fails, and how. */
export interface Forbidden {
  readonly call: 'msgrcv' | 'msgctl' | 'setns' | 'seccomp' | 'process_vm_readv'
  readonly errno: number
  /** Only where one of these bits is set in this argument, from 0. */
  readonly argument?: number
  readonly bits?: number
}

/** System call numbers of the machines that tests run on. Source: syscall_64.tbl; include/uapi/asm-generic/unistd.h. */
const NUMBERS: ReadonlyMap<string, Readonly<Record<Forbidden['call'] | 'prctl', number>>> = new Map([
  ['x64', { msgrcv: 70, msgctl: 71, setns: 308, prctl: 157, seccomp: 317, process_vm_readv: 310 }],
  ['arm64', { msgrcv: 188, msgctl: 187, setns: 268, prctl: 167, seccomp: 277, process_vm_readv: 270 }],
])

// Source: include/uapi/linux/bpf_common.h, include/uapi/linux/seccomp.h.
const LOAD_WORD = 0x20
const JUMP_IF_EQUAL = 0x15
const JUMP_IF_ANY_BIT = 0x45
const RETURN = 0x06
const RET_ALLOW = 0x7fff0000
const RET_ERRNO = 0x00050000
/** `struct seccomp_data`: the number, the machine, an address, then the arguments. */
const ARGUMENTS_OFFSET = 16

/** Sets a filter, which it is given in hexadecimal, and becomes the program that its last words are. */
const PERL = `
  my ($prctl, $seccomp, $hex, @command) = @ARGV;
  my $filter = pack('H*', $hex);
  # 38 is PR_SET_NO_NEW_PRIVS, without which only root may; 1 is SECCOMP_SET_MODE_FILTER.
  syscall($prctl + 0, 38, 1, 0, 0, 0) == 0 or die "prctl: $!";
  my $program = pack('S x6 P', length($filter) / 8, $filter);
  syscall($seccomp + 0, 1, 0, $program) == 0 or die "seccomp: $!";
  exec { $command[0] } @command or die "exec: $!";
`

/** The command line that runs a program so. */
export function without(
  { call, errno, argument = 0, bits }: Forbidden,
  command: readonly string[],
): [program: string, words: string[]] {
  const numbers = NUMBERS.get(process.arch)
  if (numbers === undefined) throw new Error(`system call numbers of ${process.arch} are not known here`)
  const isIt =
    bits === undefined
      ? [[JUMP_IF_EQUAL, 0, 1, numbers[call]]]
      : [
          [JUMP_IF_EQUAL, 0, 3, numbers[call]],
          [LOAD_WORD, 0, 0, ARGUMENTS_OFFSET + 8 * argument],
          [JUMP_IF_ANY_BIT, 0, 1, bits],
        ]
  const filter = [[LOAD_WORD, 0, 0, 0], ...isIt, [RETURN, 0, 0, RET_ERRNO | errno], [RETURN, 0, 0, RET_ALLOW]]
  const hex = filter.map((instruction) => encoded(instruction)).join('')
  return ['perl', ['-e', PERL, String(numbers.prctl), String(numbers.seccomp), hex, ...command]]
}

/** `struct sock_filter`: u16 code, u8 jt, u8 jf, u32 k. */
function encoded([code = 0, ifTrue = 0, ifFalse = 0, k = 0]: readonly number[]): string {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(code, 0)
  bytes.writeUInt8(ifTrue, 2)
  bytes.writeUInt8(ifFalse, 3)
  bytes.writeUInt32LE(k, 4)
  return bytes.toString('hex')
}
