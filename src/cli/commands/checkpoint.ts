import { writeImage } from '../../image/index.ts'
import type { Command } from '../command.ts'
import { contentOf, contentWords } from '../content.ts'

/** `msgq checkpoint DIR` */
export const checkpoint: Command = {
  name: 'checkpoint',
  summary: 'save all queues into a directory; removes none',
  operands: 'DIR',
  operandCount: { least: 1, most: 1 },
  options: {},
  alsoKnownAs: ['save', 'snapshot', 'backup', 'dump', 'export'],
  details: `Copies every queue with its messages, limits, owner and mode into DIR, and removes nothing. The files are CRIU's
own (ipcns-msg-1.img, ipcns-var-1.img) with one of msgq beside them that has what CRIU forgets. DIR is made if it
is not there (mode 0700); an image that msgq wrote there before is replaced, all or nothing.`,
  examples: [
    { command: 'msgq -n linux: checkpoint saved', does: "the kernel's queues, into ./saved" },
    { command: 'msgq -n linux: checkpoint saved --json', does: 'and how many they were, for a script' },
  ],
  async run({ operands: [directory = ''] }, { output, openNamespace, interrupted }) {
    const namespace = await openNamespace()
    const taken = await namespace.checkpoint()
    // Once it writes, it writes a whole image.
    interrupted.throwIfAborted()
    await writeImage(directory, taken)
    const content = contentOf(taken)
    if (output.isJson) return output.json({ directory, ...content })
    await output.lines(`saved ${contentWords(content)} in ${directory}; the queues are untouched`)
  },
}
