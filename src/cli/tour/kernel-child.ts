/** Runs the kernel's part of the tour, and prints its result as JSON; the argument is the IPC namespace to stay out of. */
import { spawnSync } from 'node:child_process'
import { IPC_RMID } from '../../abi/index.ts'
import { openNamespace } from '../../open/index.ts'
import { contentOf } from '../content.ts'
import { toJson } from '../output.ts'
import { differingFields } from './comparison.ts'
import { fillQueues } from './fill.ts'
import { copiesOf, ipcNamespaceOf, type KernelResult } from './kernel-part.ts'
import { withImage } from './with-image.ts'

if (ipcNamespaceOf('self') === process.argv[2]) throw new Error("this is the machine's own IPC namespace")
process.stdout.write(toJson(await tour()))

async function tour(): Promise<KernelResult> {
  const namespace = await openNamespace('linux:')
  try {
    const filled = await fillQueues(namespace)
    const ipcsBefore = ipcs()
    let copied = 0
    for (const msqid of filled) copied += await copiesOf(namespace, msqid)
    const checkpoint = await namespace.checkpoint()
    return await withImage(checkpoint, async ({ image }) => {
      const ipcsAfter = ipcs()
      for (const msqid of filled) await namespace.msgctl(msqid, IPC_RMID)
      const { msqids, notRestored } = await namespace.restore(image.checkpoint)
      return {
        content: contentOf(checkpoint),
        copied,
        ...(ipcsBefore !== undefined && { ipcsBefore }),
        ...(ipcsAfter !== undefined && { ipcsAfter }),
        msqids,
        differing: differingFields(checkpoint, await namespace.checkpoint()),
        notRestored: notRestored.map(({ field }) => field),
      }
    })
  } finally {
    await namespace.close()
  }
}

/** The lines of `ipcs -q`, its heading too; `undefined` where there is no ipcs. */
function ipcs(): string[] | undefined {
  const { status, stdout } = spawnSync('ipcs', ['-q'], { encoding: 'utf8' })
  if (status !== 0) return undefined
  return stdout
    .split('\n')
    .filter((line) => /^(key|0x)/.test(line))
    .map((line) => line.trimEnd())
}
