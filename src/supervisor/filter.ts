import { ERRNO } from '../abi/index.ts'
import type { Machine } from './machines.ts'

// Source: include/uapi/linux/bpf_common.h, include/uapi/linux/seccomp.h.
const LOAD_WORD = 0x20
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06
const RET_ALLOW = 0x7fff_0000
const RET_USER_NOTIF = 0x7fc0_0000
const RET_ERRNO = 0x0005_0000
/** Where `struct seccomp_data` has the number of the call, and of the machine. */
const NUMBER_OFFSET = 0
const ARCH_OFFSET = 4
/** `struct sock_filter`: u16 code, u8 jt, u8 jf, u32 k. */
const INSTRUCTION_BYTES = 8

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number]

/**
 * The filter that gives trapped calls to the supervisor and lets all others pass. It looks at numbers alone, so that
 * the kernel need not run it for a call that it always lets pass.
 *
 * @returns `struct sock_filter`s, one after the other.
 */
export function encodeFilter(machines: readonly Machine[]): Uint8Array {
  const instructions: Instruction[] = [[LOAD_WORD, 0, 0, ARCH_OFFSET]]
  for (const machine of machines) {
    const block = blockOf(machine)
    instructions.push([JUMP_IF_EQUAL, 0, block.length, machine.arch], ...block)
  }
  instructions.push([RETURN, 0, 0, RET_ALLOW])
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [index, [code, ifTrue, ifFalse, k]] of instructions.entries()) {
    view.setUint16(index * INSTRUCTION_BYTES, code, true)
    view.setUint8(index * INSTRUCTION_BYTES + 2, ifTrue)
    view.setUint8(index * INSTRUCTION_BYTES + 3, ifFalse)
    view.setUint32(index * INSTRUCTION_BYTES + 4, k, true)
  }
  return bytes
}

/** What is asked once the machine is known: a jump for each number, over those that follow, to one of the ends. */
function blockOf({ traps, absent }: Machine): Instruction[] {
  const asked = [...traps.keys(), ...absent]
  const jumps = asked.map((number, index): Instruction => {
    const isAbsent = index >= traps.size
    return [JUMP_IF_EQUAL, asked.length - index + (isAbsent ? 1 : 0), 0, number]
  })
  return [
    [LOAD_WORD, 0, 0, NUMBER_OFFSET],
    ...jumps,
    [RETURN, 0, 0, RET_ALLOW],
    [RETURN, 0, 0, RET_USER_NOTIF],
    [RETURN, 0, 0, RET_ERRNO | ERRNO.ENOSYS],
  ]
}
