import type { Command } from '../command.ts'
import { kernelLines } from '../tour/kernel-part.ts'
import { memoryLines } from '../tour/memory-part.ts'
import { wrapped } from '../words.ts'

const LINE_COLUMNS = 80
const INDENT = '   '

/** `msgq tour` */
export const tour: Command = {
  name: 'tour',
  summary: 'see all that at work; needs no namespace',
  operands: '',
  operandCount: { least: 0, most: 0 },
  options: {},
  needsNamespace: false,
  alsoKnownAs: ['demo', 'start', 'intro', 'tutorial'],
  details: `Fills queues in this process from the files in examples/, copies, saves and restores them, and compares. Then the
same with the running kernel's queues, in an IPC namespace of the tour's own, so that this machine's queues are not
touched; where there are none to be had, it says so. Leaves nothing behind.`,
  examples: [{ command: 'msgq tour', does: 'takes a second' }],
  async run(_, { output, interrupted }) {
    const { style } = output
    await output.lines(...(await memoryLines(style)))
    interrupted.throwIfAborted()
    const [heading = '', ...lines] = await kernelLines()
    const indented = lines.flatMap((line) => wrapped(line, LINE_COLUMNS - INDENT.length)).map((line) => INDENT + line)
    await output.lines('', style.bold(`6. ${heading}`), ...indented)
    await output.lines('', "Next: `msgq --help`, and this machine's own queues: `msgq --namespace linux: ls`")
  },
}
